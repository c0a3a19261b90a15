"""Void, hold and their inverses: the player's scores, boards and events follow, and come back."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.actions.model import Status
from domain.boards.model import GLOBAL_BOARD
from domain.boards.players import get_player_score
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.events.changes import RankChanged, ScoreUpdated, list_own_events
from domain.events.steps import encode_steps, find_step
from domain.events.wire import parse_bus_message
from domain.moderation.deciding import Decision, decide_action
from domain.store.redis import keys
from domain.store.redis.bus import mark_listened
from domain.store.store import Store
from tests.integration.moderation.taking_back import (
    BOARDS,
    check,
    complete,
    decide,
    make_boards,
    read_row,
)
from tests.pipeline import finish_batch
from tests.rankings import list_rows
from tests.state_checksum import checksum, find_differences, read_state
from workers.context import WorkerContext

INVERSES = [(Decision.VOID, Decision.RESTORE), (Decision.HOLD, Decision.RELEASE)]


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker with a trusted global board and one board of each kind."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    make_boards(worker_context.store)
    return worker_context


def list_values(store: Store, player: UUID) -> dict[str, int]:
    """Return what the player has on each board."""
    return {
        slug: value
        for slug in BOARDS
        for _, _, user, value in list_rows(store, slug)
        if user == player
    }


@pytest.mark.parametrize(("decision", "inverse"), INVERSES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_taken_back_had_never_counted_and_the_inverse_is_exact(
    context: WorkerContext, decision: Decision, inverse: Decision, place: int
) -> None:
    store = context.store
    player, other = uuid4(), uuid4()
    scores = [30, 0, 50]
    complete(context, other, *scores[:place], *scores[place + 1 :])
    actions = complete(context, player, *scores)
    before, sum_before = read_state(store), checksum(store)
    decide(context, actions[place], decision)
    check(context)
    assert list_values(store, player) == list_values(store, other)
    left = 80 - scores[place]
    assert [row.score for row in read_top(store, board=GLOBAL_BOARD).standings] == [left, left]
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=player).score == left
    assert checksum(store) != sum_before
    decide(context, actions[place], inverse)
    assert find_differences(before, read_state(store)) == []
    assert checksum(store) == sum_before
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
        assert str(player) in str(before[name]), name
        assert str(player) not in str(state[name]), name
    check(context)
    decide(context, action, inverse)
    assert find_differences(before, read_state(store)) == []
    check(context)


def test_the_row_says_what_the_decision_did(context: WorkerContext) -> None:
    store = context.store
    first, _ = complete(context, uuid4(), 30, 50)
    expected = {
        Decision.VOID: (Status.VOIDED, "VOIDED_BY_MODERATOR", 80, 50, 2, "void"),
        Decision.RESTORE: (Status.APPLIED, None, 50, 80, 3, "pass"),
        Decision.HOLD: (Status.QUARANTINED, "HELD_BY_MODERATOR", 80, 50, 4, "hold"),
        Decision.REJECT: (Status.REJECTED, "REVIEW_REJECTED", None, None, 5, "reject"),
    }
    for decision, row in expected.items():
        decide(context, first, decision)
        assert read_row(store, first) == row
        check(context)


def test_listeners_hear_of_the_loss_and_why(context: WorkerContext) -> None:
    store, player = context.store, uuid4()
    complete(context, uuid4(), 60)
    action, _ = complete(context, player, 30, 50)
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[player])
    pubsub = store.redis.subscribe(keys.bus_channel(GLOBAL_BOARD))
    assert pubsub.get_message(timeout=1)["type"] == "subscribe"
    decide(context, action, Decision.VOID)
    raw = pubsub.get_message(timeout=1)
    pubsub.close()
    step = find_step(encode_steps(parse_bus_message(raw["data"])), player)
    assert step is not None
    assert list_own_events(player, step) == [
        ScoreUpdated(player, action.action_id, 80, 50, -30, 2),
        RankChanged(player, 50, 2, 1, "moderation"),
    ]


def test_a_held_action_may_have_another_public_reason(context: WorkerContext) -> None:
    (action,) = complete(context, uuid4(), 30)
    outcome = decide_action(
        context.store,
        action_id=action.action_id,
        decision=Decision.HOLD,
        by="operator:apply",
        reason="policy 2",
        now=datetime.now(UTC),
        public_reason="SCORE_BURST",
    )
    assert outcome.batch_id is not None
    finish_batch(context, outcome.batch_id)
    assert read_row(context.store, action)[:2] == (Status.QUARANTINED, "SCORE_BURST")
