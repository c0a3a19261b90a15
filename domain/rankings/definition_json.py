"""A board's definition as JSON: read strictly, and written in one form with every default.

The form in requests, answers, TOML files and the store. Whatever is wrong is named by its path.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.boards.model import GLOBAL_BOARD, BoardId, is_slug
from domain.errors import InvalidPayloadError
from domain.rankings.definition import (
    SCORE_VALUE,
    Aggregate,
    BoardDefinition,
    Direction,
    PeriodKind,
    PeriodRule,
    Readers,
    Segment,
    TieRule,
)
from domain.rankings.definition_fields.conditions import (
    read_conditions,
    read_segment,
    read_source,
    write_condition,
    write_path,
)
from domain.rankings.definition_fields.parts import (
    MAX_ACTION_TYPE_CHARS,
    MAX_ACTION_TYPES,
    WEEKDAYS,
    WINDOWS,
    read_multipliers,
    read_period,
    read_rewards,
    read_tie_breakers,
    read_zone,
)
from domain.rankings.definition_fields.reader import (
    FieldReader,
    Problems,
    find_text_problem,
    write_moment,
    write_number,
)

MAX_DEFINITION_BYTES = 16 * 1024
MAX_TITLE_CHARS = 100
MAX_DECIMALS = 6
MAX_ATTEMPTS = 100
MAX_KEPT_PERIODS = 1000

# Periods that never close: nobody could be granted anything.
_ENDLESS = (PeriodKind.NONE, PeriodKind.ROLLING)


def decode_definition(document: object) -> BoardDefinition:
    """Return the definition; raises InvalidPayloadError whose details name each bad field."""
    if not isinstance(document, Mapping):
        raise InvalidPayloadError("The definition of a board must be a JSON object")
    problems = Problems()
    reader = FieldReader(document, problems)
    definition = _read(reader)
    reader.refuse_unknown()
    _check_whole(reader, definition)
    problems.raise_any()
    if len(json.dumps(encode_definition(definition))) > MAX_DEFINITION_BYTES:
        problems.add("id", f"The definition has more than {MAX_DEFINITION_BYTES} bytes.")
    problems.raise_any()
    return definition


def encode_definition(definition: BoardDefinition) -> dict[str, Any]:
    """Return the definition as JSON; equal definitions have equal JSON."""
    return {
        "id": definition.id.slug,
        "title": definition.title,
        "actionTypes": list(definition.action_types),
        "where": {
            write_path(condition.path): write_condition(condition) for condition in definition.where
        },
        "value": definition.value.text,
        "aggregate": definition.aggregate.value,
        "direction": definition.direction.value,
        "tieBreakers": [
            {"value": column.value.text, "direction": column.direction.value}
            for column in definition.tie_breakers
        ],
        "ties": definition.ties.value,
        "decimals": definition.decimals,
        "period": _write_period(definition.period),
        "timeZone": definition.time_zone.key,
        "segment": _write_segment(definition.segment),
        "joinRequired": definition.join_required,
        "attempts": definition.attempts,
        "multipliers": [
            {
                "from": write_moment(span.start),
                "until": write_moment(span.end),
                "actionType": span.action_type,
                "factor": write_number(span.factor),
            }
            for span in definition.multipliers
        ],
        "rewards": [
            {"ranks": list(grant.ranks), "reward": grant.reward}
            if grant.ranks
            else {"percent": write_number(grant.percent or Decimal(0)), "reward": grant.reward}
            for grant in definition.rewards
        ],
        "readers": definition.readers.value,
        "keepPeriods": definition.keep_periods,
    }


def _read(reader: FieldReader) -> BoardDefinition:
    conditions, period = reader.inner("where"), reader.inner("period")
    return BoardDefinition(
        id=_read_id(reader),
        title=_read_title(reader),
        action_types=_read_action_types(reader),
        where=read_conditions(conditions),
        value=read_source(reader, "value", SCORE_VALUE),
        aggregate=reader.choice("aggregate", Aggregate, Aggregate.SUM),
        direction=reader.choice("direction", Direction, Direction.DESC),
        tie_breakers=tuple(read_tie_breakers(reader)),
        ties=reader.choice("ties", TieRule, TieRule.FIRST_TO_REACH),
        decimals=reader.integer("decimals", low=0, high=MAX_DECIMALS, default=0) or 0,
        period=read_period(period),
        time_zone=read_zone(reader, "timeZone"),
        segment=read_segment(reader, "segment"),
        join_required=reader.boolean("joinRequired"),
        attempts=reader.integer("attempts", low=1, high=MAX_ATTEMPTS, default=None),
        multipliers=tuple(read_multipliers(reader)),
        rewards=tuple(read_rewards(reader)),
        readers=reader.choice("readers", Readers, Readers.EVERYONE),
        keep_periods=reader.integer("keepPeriods", low=0, high=MAX_KEPT_PERIODS, default=12) or 0,
    )


def _read_id(reader: FieldReader) -> BoardId:
    value = reader.take("id")
    if type(value) is str and is_slug(value):
        return BoardId(value)
    reader.refuse("id", "Must be 1 to 32 of a-z, 0-9 and inner hyphens.")
    return GLOBAL_BOARD


def _read_title(reader: FieldReader) -> str:
    # The default as it is written.
    if reader.take("title") == "":
        return ""
    return reader.text("title", longest=MAX_TITLE_CHARS) or ""


def _read_action_types(reader: FieldReader) -> tuple[str, ...]:
    kinds = reader.elements("actionTypes", most=MAX_ACTION_TYPES)
    for index, kind in enumerate(kinds):
        problem = find_text_problem(kind, longest=MAX_ACTION_TYPE_CHARS)
        if problem is None and kind in kinds[:index]:
            problem = "Is there twice."
        if problem:
            reader.refuse(f"actionTypes[{index}]", problem)
    return tuple(sorted(kind for kind in kinds if type(kind) is str))


def _check_whole(reader: FieldReader, definition: BoardDefinition) -> None:
    """Note what does not go together."""
    kind = definition.period.kind
    if definition.rewards and kind in _ENDLESS:
        reader.refuse("rewards", "Only for a period that closes: this board has none.")
    if kind is PeriodKind.ROLLING and definition.attempts is not None:
        reader.refuse("attempts", "Not for a rolling period.")
    if kind is PeriodKind.ROLLING and definition.join_required:
        reader.refuse("joinRequired", "Not for a rolling period.")
    if definition.aggregate is Aggregate.COUNT:
        unused = {"value": definition.value.path, "multipliers": definition.multipliers}
        for name in (name for name, is_there in unused.items() if is_there):
            reader.refuse(name, "Not for the aggregate count, which counts each action as 1.")


def _write_period(period: PeriodRule) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": period.kind.value}
    if period.kind is PeriodKind.WEEKLY:
        written["startsOn"] = WEEKDAYS[period.starts_on]
    if period.start is not None and period.end is not None:
        written |= {"start": write_moment(period.start), "end": write_moment(period.end)}
    if period.window is not None:
        written["window"] = next(name for name, span in WINDOWS.items() if span == period.window)
    return written


def _write_segment(segment: Segment | None) -> str | None:
    if segment is None:
        return None
    return write_path(segment.path) if segment.path else f"player.{segment.attribute}"
