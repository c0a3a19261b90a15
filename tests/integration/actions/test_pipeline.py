"""One batch through all five links, on the real stores."""

from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text

from domain.actions.chain import CHAIN, Stage
from domain.actions.history import get_action
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome, Status
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import find_neighborhood, read_top
from domain.boards.rebuild import rebuild_board
from domain.events.wire import parse_bus_message
from domain.fraud.policy import policy_from
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from tests.factories import make_action
from workers.chain import run_link
from workers.context import WorkerContext


@pytest.fixture
def context(settings: Settings, store: Store) -> WorkerContext:
    """A worker's context on this test's stores."""
    return WorkerContext(settings, store, policy_from(settings))


def test_a_batch_goes_through_all_links_once(context: WorkerContext) -> None:
    store = context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    listener = store.redis.subscribe(keys.bus_channel(GLOBAL_BOARD))
    listener.get_message(timeout=1)
    player, other = uuid4(), uuid4()
    actions = [
        make_action(user_id=player, username="ada", score=150),
        make_action(user_id=player, score=0),
        make_action(user_id=other, score=150),
        make_action(user_id=other, score=5000),
    ]
    (batch,) = accept_actions(store, actions=actions, reply_to=None).batches
    assert batch.action_ids == {action.action_id for action in actions}
    for link in CHAIN:
        moved = run_link(context, link=link, batch_id=batch.batch_id)
        assert moved is LinkOutcome.MOVED
        again = run_link(context, link=link, batch_id=batch.batch_id)
        assert again is LinkOutcome.NOT_ITS_TURN

    top = read_top(store, board=GLOBAL_BOARD)
    assert top.epoch
    assert [(row.rank, row.username, row.score) for row in top.standings] == [
        (1, "ada", 150),
        (2, f"player-{other.hex[:12]}", 150),
    ]
    assert (
        find_neighborhood(store, board=GLOBAL_BOARD, user_id=other, neighbors=1).own
        == top.standings[1]
    )
    rejected = get_action(store, action_id=actions[3].action_id, user_id=other)
    assert (rejected.status, rejected.reason) == (Status.REJECTED, "SCORE_TOO_HIGH")
    message = parse_bus_message(listener.get_message(timeout=1)["data"])
    assert message.seq == 1
    assert len(message.actions) == 3
    assert message.ranks[other].new_rank == 2
    assert message.top.standings == top.standings
    with store.write() as connection:
        leaves = connection.execute(text("SELECT leaves FROM audit_log")).scalar_one()
        stage = connection.execute(text("SELECT stage FROM action_batches")).scalar_one()
    assert len(orjson.loads(leaves)) == 4
    assert stage == Stage.DONE
