"""Two batches of one player overtake each other: the last broadcast has the player's standing."""

from uuid import UUID, uuid4

import pytest

from domain.actions.chain import AUDIT, BROADCAST, REFRESH, SCORE, SCREEN, Link
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD, Top
from domain.boards.rebuild import rebuild_board
from domain.events.changes import RankChanged, ScoreUpdated, find_view_change, list_own_events
from domain.events.steps import encode_steps, find_step
from domain.events.wire import BusMessage, parse_bus_message
from domain.store.redis import keys
from tests.factories import make_action, make_player
from workers.chain import run_link
from workers.context import WorkerContext

UNTIL_SCORED = (SCREEN, SCORE)
FROM_SCORED_ON = (REFRESH, AUDIT, BROADCAST)
FIRST, SECOND = (10, 5), (20,)
TOTAL = sum(FIRST) + sum(SECOND)


def broadcast_overtaken(context: WorkerContext, player: UUID) -> list[BusMessage]:
    """Score two batches in order, broadcast the second first, and return both messages."""
    batches = [
        accept_actions(
            context.store,
            actions=[make_action(user_id=player, score=score) for score in scores],
            reply_to=None,
        )
        .batches[0]
        .batch_id
        for scores in (FIRST, SECOND)
    ]
    for batch_id in batches:
        run(context, batch_id, UNTIL_SCORED)
    for batch_id in reversed(batches):
        run(context, batch_id, FROM_SCORED_ON)
    stored = context.store.redis.run(lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD)))
    return [parse_bus_message(entry["m"]) for _, entry in stored]


def run(context: WorkerContext, batch_id: UUID, links: tuple[Link, ...]) -> None:
    for link in links:
        run_link(context, link=link, batch_id=batch_id)


@pytest.mark.parametrize("trusted", [True, False], ids=["board", "sql"])
def test_the_late_batch_broadcasts_each_action_once_and_no_old_score(
    worker_context: WorkerContext, trusted: bool
) -> None:
    if trusted:
        assert rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    player = uuid4()
    events = [
        event
        for message in broadcast_overtaken(worker_context, player)
        if (step := find_step(encode_steps(message), player)) is not None
        for event in list_own_events(player, step)
    ]
    updates = [event for event in events if isinstance(event, ScoreUpdated)]
    assert [(event.previous_score, event.score_increase) for event in updates] == [
        (15, 20),
        (0, 10),
        (10, 5),
    ], "the facts of the actions"
    assert len({event.action_id for event in updates}) == 3
    assert [event.new_score for event in updates] == [TOTAL] * 3
    assert {event.new_score for event in events if isinstance(event, RankChanged)} <= {TOTAL}
    assert [event.new_rank for event in updates] == [1] * 3


def test_the_update_of_a_view_has_the_score_of_its_row(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_player(store, score=1, reached_seq=1, version=1)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    before: Top | None = None
    for message in broadcast_overtaken(worker_context, player):
        steps = encode_steps(message)
        change = find_view_change(
            before or message.top, message.top, 10, lambda user, steps=steps: find_step(steps, user)
        )
        before = message.top
        assert change is not None
        (update,) = change.updates
        assert (update.new_score, update.new_rank) == (TOTAL, 1)
        assert message.top.standings[0].score == TOTAL
