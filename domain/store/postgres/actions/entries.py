"""SQL of the log: what a batch's row says of its actions, as arrays in order of action_no.

Written by intake; read by the links by the row's key; taken apart by isolation.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson

# The arrays of a batch that have one element for each action: their columns and elements.
ARRAYS: Mapping[str, str] = {
    "action_nos": "action_no",
    "action_ids": "action_id",
    "user_ids": "user_id",
    "scores": "score",
    "timestamps_us": "timestamp_us",
    "action_types": "action_type",
    "metadata": "metadata",
    "request_ids": "request_id",
    "versions": "version",
    "client_nos": "client_no",
    "step_ups": "step_up",
}
_COLUMNS = ", ".join(ARRAYS)
# NULL remains NULL: an array of nothing but NULL would say that the actions have rows.
_GATHERED = ", ".join(
    f"CASE WHEN b.{column} IS NOT NULL THEN array_agg(e.{element} ORDER BY e.action_no) END"
    f" AS {column}"
    for column, element in ARRAYS.items()
)


def each_action(more: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the FROM item `e` with a row for each action of the batch `b`.

    `more` are further arrays of the same length, as SQL by the names of their elements.
    """
    arrays = ", ".join([*(f"b.{column}" for column in ARRAYS), *more.values()])
    return f"unnest({arrays}) AS e({', '.join([*ARRAYS.values(), *more])})"


# Of an element: the client's time.
TIMESTAMP = "timestamptz 'epoch' + timestamp_us * interval '1 microsecond'"
# What the links read of the actions. Ids are text, as everywhere in the pipeline.
ENTRY_COLUMNS = "action_nos, CAST(action_ids AS text[]), CAST(user_ids AS text[]), scores"

Verdicts = Mapping[str, Mapping[str, Any]]
"""By the text of action_no, of every action that did not pass every check: "verdict" (absent while
it is open), "reason", and "checks", the findings and decisions."""


def keep_statement(condition: str) -> str:
    """Return the statement that keeps the elements `e` of a batch that meet the condition."""
    return (
        f"UPDATE action_batches kept SET ({_COLUMNS}) = (SELECT {_GATHERED}"
        f" FROM action_batches b, {each_action()}"
        f" WHERE b.batch_id = kept.batch_id AND {condition} GROUP BY b.batch_id)"
        " WHERE kept.batch_id = :batch_id"
    )


def copy_statement(condition: str) -> str:
    """Return the statement that copies such elements of a batch into a new batch `:part`.

    If it is `:suspect`, for one of its actions may be poison, attempts are counted from the first
    on, and the keeper looks at it after `:quiet` seconds; otherwise it is due for a look at once.
    """
    return (
        "INSERT INTO action_batches (batch_id, stage, attempted_at, next_look_at, created_at,"
        f" updated_at, verdicts, policy_no, {_COLUMNS})"
        " SELECT CAST(:part AS uuid), b.stage, CASE WHEN :suspect THEN clock_timestamp() END,"
        " clock_timestamp() + make_interval(secs => CASE WHEN :suspect THEN :quiet ELSE 0 END),"
        f" b.created_at, clock_timestamp(), b.verdicts, b.policy_no, {_GATHERED}"
        f" FROM action_batches b, {each_action()}"
        f" WHERE b.batch_id = :batch_id AND {condition} GROUP BY b.batch_id"
    )


def encode_outcomes(outcomes: Iterable[Sequence[Any]]) -> str:
    """Return the value of `outcomes`: status, reason, scores before and after, and version."""
    return orjson.dumps(list(outcomes)).decode()


def decode_outcomes(text: str) -> list[list[Any]]:
    """Return what `encode_outcomes` was given."""
    decoded: list[list[Any]] = orjson.loads(text)
    return decoded
