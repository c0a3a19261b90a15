"""One statement that writes a batch of actions as the product's own final rows.

It is made from the columns that the database has, so it follows the schema: tables that are gone
are left out, and a column that is not known here gets its default, or an empty value of its type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCHEMA = "floor"
# Those of them that exist, and have a column `action_id`, get a row for each action, the others
# one for each batch.
TABLES = ("action_ids", "user_actions", "action_checks", "audit_log", "action_batches")
_HASH = "decode(repeat('ab', 32), 'hex')"
_CHECKS = """'{"id":"pass","spread":"pass","score":"pass","minute":"pass","hour":"pass"}'"""
_METADATA = """'{"actionType":"level_complete","level":5,"duration":120000}'"""
_VALUES = {
    "action_id": "s.action_id",
    "action_no": "s.action_no",
    "action_type": "'level_complete'",
    "action_version": "1",
    "attempts": "1",
    "batch_id": "%(batch_id)s::uuid",
    "completed_at": "now()",
    "created_at": "now()",
    "entry": "repeat('x', 330)",
    "hash": _HASH,
    "metadata": _METADATA,
    "new_score": "s.score",
    "next_look_at": "now()",
    "previous_score": "0",
    "request_hash": _HASH,
    "request_id": "s.action_id::text",
    "score_delta": "s.score",
    "stage": "'done'",
    "status": "'applied'",
    "timestamp": "now()",
    "updated_at": "now()",
    "user_id": "s.user_id",
    "verdict": "'pass'",
    "version": "1",
}
# Written only where a NULL is refused: the product leaves out what an applied action has not.
_IF_REQUIRED = {"checks": _CHECKS, "reply_to": "'api.1'"}
_OF_AN_ACTION = {"seq": "s.action_no"}
_SENT = "FROM sent s"
# What a batch's one row says of its actions, where it does.
_OF_A_BATCH = {
    "action_ids": f"(SELECT array_agg(s.action_id) {_SENT})",
    "action_nos": f"(SELECT array_agg(s.action_no) {_SENT})",
    "action_types": f"(SELECT array_agg('level_complete'::text) {_SENT})",
    "leaves": f"(SELECT jsonb_agg(to_jsonb(s))::text {_SENT})",
    "metadata": f"(SELECT array_agg({_METADATA}::jsonb) {_SENT})",
    "request_ids": f"(SELECT array_agg(s.action_id::text) {_SENT})",
    "scored_at": "now()",
    "scores": f"(SELECT array_agg(s.score) {_SENT})",
    "seq": "%(last_no)s",
    "timestamps_us": f"(SELECT array_agg(s.action_no) {_SENT})",
    "user_ids": f"(SELECT array_agg(s.user_id) {_SENT})",
}
_EMPTY = {
    "text": "''",
    "character varying": "''",
    "jsonb": "'{}'",
    "bytea": "''",
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "boolean": "false",
}
_ARRAY = "ARRAY"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in information_schema, and whether it may be left out."""

    name: str
    data_type: str
    is_optional: bool


def write_statement(tables: Mapping[str, Sequence[Column]]) -> str:
    """Return the statement; `tables` are those of TABLES that the database has.

    Its parameters are `ids`, `users`, `scores`, `numbers` (literals of arrays), `batch_id` and
    `last_no`.
    """
    parts = [
        "sent AS (SELECT * FROM unnest(%(ids)s::uuid[], %(users)s::uuid[], %(scores)s::integer[],"
        " %(numbers)s::bigint[]) AS t(action_id, user_id, score, action_no))",
        "totals AS (SELECT user_id, sum(score) AS score, max(action_no) AS action_no,"
        " count(*) AS actions FROM sent GROUP BY user_id ORDER BY user_id)",
        f"w_user_scores AS (UPDATE {SCHEMA}.user_scores s SET score = s.score + t.score,"
        " reached_seq = t.action_no, version = s.version + 1, last_updated = now(),"
        " last_action = now(), total_actions = s.total_actions + t.actions"
        " FROM totals t WHERE s.user_id = t.user_id)",
    ]
    parts += [f"w_{name} AS ({_insert(name, columns)})" for name, columns in tables.items()]
    return f"WITH {', '.join(parts)} SELECT 1"


def _insert(table: str, columns: Sequence[Column]) -> str:
    """Return the insert into one table: a row for each action, or one for the batch."""
    of_an_action = any(column.name == "action_id" for column in columns)
    known = _VALUES | _OF_AN_ACTION
    if not of_an_action:
        known = {name: value for name, value in _VALUES.items() if not value.startswith("s.")}
        known |= _OF_A_BATCH
    values = {
        column.name: (known | _IF_REQUIRED).get(column.name) or _empty(column)
        for column in columns
        if column.name in known or not column.is_optional
    }
    source = " FROM sent s ORDER BY s.action_id" if of_an_action else ""
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {SCHEMA}.{table} ({names}) SELECT {', '.join(values.values())}{source}"


def _empty(column: Column) -> str:
    return "'{}'" if column.data_type == _ARRAY else _EMPTY.get(column.data_type, "0")
