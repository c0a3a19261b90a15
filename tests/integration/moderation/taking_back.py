"""Taking actions back in tests: boards of each kind, a decision worked through, and what holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.actions.model import NewAction
from domain.moderation.deciding import Decision, DecisionOutcome, decide_action
from domain.rankings.ledger.replaying import replay
from domain.rankings.sets.rebuild import rebuild_rankings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.set_rows import list_open_rankings
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import make_board
from tests.verification import find_broken
from workers.context import WorkerContext

BOARDS: dict[str, dict[str, Any]] = {
    "of-sum": {"aggregate": "sum"},
    "of-best": {"aggregate": "best"},
    "of-latest": {"aggregate": "latest"},
    "of-count": {"aggregate": "count"},
    "two-tries": {"aggregate": "sum", "attempts": 2},
    "rolling": {"aggregate": "sum", "period": {"kind": "rolling", "window": "24h"}},
    "levels": {
        "aggregate": "sum",
        "segment": "metadata.level",
        "period": {"kind": "daily"},
        "ties": "dense",
    },
}


def make_boards(store: Store, *, with_periods: bool = True) -> None:
    """Store a live board of each kind."""
    for slug, fields in BOARDS.items():
        if with_periods or "period" not in fields:
            make_board(store, slug, value="score", **fields)


def complete(context: WorkerContext, player: UUID, *scores: int) -> list[NewAction]:
    """Complete actions of a player in one batch, with the sets of rankings that are new."""
    actions = [make_action(user_id=player, score=score) for score in scores]
    complete_actions(context, actions)
    trust_rankings(context.store)
    return actions


def trust_rankings(store: Store) -> None:
    """Build the sets of open rankings, as the keeper does."""
    with store.write() as connection:
        versions = list_counted_versions(connection)
        rankings = list_open_rankings(connection, versions=versions, now=datetime.now(UTC))
    rebuild_rankings(store, rankings)


def take(store: Store, action: NewAction, decision: Decision) -> DecisionOutcome:
    """Take a decision, and leave its batch to others."""
    return decide_action(
        store,
        action_id=action.action_id,
        decision=decision,
        by="operator:grace",
        reason="seen",
        now=datetime.now(UTC),
    )


def decide(context: WorkerContext, action: NewAction, decision: Decision) -> UUID:
    """Take a decision and finish its batch, whose id is returned."""
    outcome = take(context.store, action, decision)
    assert outcome.batch_id is not None, outcome
    finish_batch(context, outcome.batch_id)
    return outcome.batch_id


def read_row(store: Store, action: NewAction) -> tuple[Any, ...]:
    """Return status, reason, the scores before and after, version and verdict of an action."""
    with store.write() as connection:
        row = connection.execute(
            text(
                "SELECT status, reason, previous_score, new_score, version, verdict"
                " FROM user_actions WHERE action_id = :id"
            ),
            {"id": action.action_id},
        ).one()
    return tuple(row)


def check(context: WorkerContext) -> None:
    """Let verification and a replay of the ledger find nothing."""
    assert find_broken(context.store, context.settings, read_archives=True) == {}
    compared = replay(context.store, archive_path=context.settings.archive_path)
    assert [(each.name, each.differences) for each in compared if list(each.differences)] == []


def read_scores(store: Store, users: Sequence[UUID]) -> list[int]:
    """Return these players' scores."""
    with store.write() as connection:
        rows = connection.execute(text("SELECT user_id, score FROM user_scores"))
        scores = {row.user_id: row.score for row in rows}
    return [scores[user] for user in users]
