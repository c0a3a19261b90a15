"""Void, hold and their inverses: the player's scores, boards and events follow, and come back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.model import NewAction, Status
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.moderation.deciding import Decision, DecisionOutcome, decide_action
from domain.rankings.ledger.replaying import replay
from domain.rankings.sets.rebuild import rebuild_rankings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.set_rows import list_open_rankings
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows, make_board
from tests.state_checksum import find_differences, read_state
from tests.verification import find_broken
from workers.context import WorkerContext

INVERSES = [(Decision.VOID, Decision.RESTORE), (Decision.HOLD, Decision.RELEASE)]


def decide(context: WorkerContext, action: NewAction, decision: Decision) -> DecisionOutcome:
    """Take a decision and finish its batch."""
    outcome = decide_action(
        context.store,
        action_id=action.action_id,
        decision=decision,
        by="operator:grace",
        reason="seen",
        now=datetime.now(UTC),
    )
    assert outcome.batch_id is not None, outcome
    finish_batch(context, outcome.batch_id)
    return outcome


def read_row(store: Store, action: NewAction) -> Any:
    with store.write() as connection:
        return connection.execute(
            text(
                "SELECT status, reason, previous_score, new_score, version, verdict"
                " FROM user_actions WHERE action_id = :id"
            ),
            {"id": action.action_id},
        ).one()


def check(context: WorkerContext) -> None:
    """Let verification and a replay of the ledger find nothing."""
    assert find_broken(context.store, context.settings) == {}
    compared = replay(context.store, archive_path=context.settings.archive_path)
    assert [each.differences for each in compared] == [[] for _ in compared]


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker with a trusted global board and one board of each kind."""
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    for aggregate in ("sum", "best", "latest", "count"):
        make_board(store, f"of-{aggregate}", aggregate=aggregate, value="score")
    make_board(store, "two-tries", aggregate="sum", value="score", attempts=2)
    make_board(
        store,
        "rolling",
        aggregate="sum",
        value="score",
        period={"kind": "rolling", "window": "24h"},
    )
    make_board(
        store,
        "levels",
        aggregate="sum",
        value="score",
        segment="metadata.level",
        period={"kind": "daily"},
    )
    return worker_context


def complete(context: WorkerContext, player: UUID, *scores: int) -> list[NewAction]:
    actions = [make_action(user_id=player, score=score) for score in scores]
    complete_actions(context, actions)
    trust_rankings(context.store)
    return actions


def trust_rankings(store: Store) -> None:
    """Build the sets of rankings that are new, as the keeper does."""
    with store.write() as connection:
        versions = list_counted_versions(connection)
        rankings = list_open_rankings(connection, versions=versions, now=datetime.now(UTC))
    rebuild_rankings(store, rankings)


@pytest.mark.parametrize(("decision", "inverse"), INVERSES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_taken_back_had_never_counted_and_the_inverse_is_exact(
    context: WorkerContext, decision: Decision, inverse: Decision, place: int
) -> None:
    store = context.store
    player, other = uuid4(), uuid4()
    scores = (30, 0, 50)
    without = complete(context, other, *(score for i, score in enumerate(scores) if i != place))
    actions = complete(context, player, *scores)
    before = read_state(store)
    decide(context, actions[place], decision)
    check(context)
    rows = {
        slug: {user: value for _, _, user, value in list_rows(store, slug)}
        for slug in ("of-sum", "of-best", "of-count", "of-latest", "two-tries", "rolling", "levels")
    }
    assert {slug: row[player] for slug, row in rows.items()} == {
        slug: row[other] for slug, row in rows.items()
    }
    assert [s.score for s in read_top(store, board=GLOBAL_BOARD).standings] == [
        80 - scores[place]
    ] * 2
    assert len(without) == 2
    decide(context, actions[place], inverse)
    assert find_differences(before, read_state(store)) == []
    check(context)


@pytest.mark.parametrize(("decision", "inverse"), INVERSES)
def test_a_players_only_action_leaves_no_row_anywhere(
    context: WorkerContext, decision: Decision, inverse: Decision
) -> None:
    store, player = context.store, uuid4()
    complete(context, uuid4(), 10)
    (action,) = complete(context, player, 70)
    before = read_state(store)
    decide(context, action, decision)
    state = read_state(store)
    for name in ("rows", "buckets", "global set", "ranking sets"):
        assert str(player) not in str(state[name]), name
    check(context)
    decide(context, action, inverse)
    assert find_differences(before, read_state(store)) == []
    check(context)


def test_the_row_says_what_the_decision_did(context: WorkerContext) -> None:
    store = context.store
    first, _ = complete(context, uuid4(), 30, 50)
    decide(context, first, Decision.VOID)
    assert tuple(read_row(store, first)) == (
        Status.VOIDED,
        "VOIDED_BY_MODERATOR",
        80,
        50,
        2,
        "void",
    )
    decide(context, first, Decision.RESTORE)
    assert tuple(read_row(store, first)) == (Status.APPLIED, None, 50, 80, 3, "pass")
    decide(context, first, Decision.HOLD)
    assert tuple(read_row(store, first)) == (
        Status.QUARANTINED,
        "HELD_BY_MODERATOR",
        80,
        50,
        4,
        "hold",
    )
    decide(context, first, Decision.REJECT)
    assert tuple(read_row(store, first)) == (
        Status.REJECTED,
        "REVIEW_REJECTED",
        None,
        None,
        5,
        "reject",
    )
    check(context)
