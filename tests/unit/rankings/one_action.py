"""One action and one board for tests of what the action is worth there."""

import json
from datetime import UTC, datetime
from typing import Any

from domain.boards.model import BoardId
from domain.rankings.counting import BoardRule, Counts, parse_metadata
from domain.rankings.definition import BoardDefinition
from domain.rankings.model import BoardVersion, CountedAction, PlayerFacts, VersionState

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def make_rule(**fields: Any) -> BoardRule:
    """Return the rule of the board `runs`."""
    definition = BoardDefinition(BoardId("runs"), **fields)
    return BoardRule(BoardVersion(1, 1, definition, VersionState.LIVE))


def make_action(
    text: str | None = None, *, score: int = 10, action_type: str | None = "win", at: datetime = AT
) -> CountedAction:
    return CountedAction(7, "ada", action_type, score, text, at)


def count(
    rule: BoardRule,
    metadata: object = None,
    *,
    player: PlayerFacts | None = None,
    **fields: Any,
) -> Counts:
    text = None if metadata is None else json.dumps(metadata)
    return rule.contribute(make_action(text, **fields), parse_metadata(text), player)
