"""Broadcast: each batch once, under dense positions, as valid JSON whatever the names are."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from domain.actions.chain import AUDIT, REFRESH, SCORE, SCREEN
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome, NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.events import broadcast
from domain.events.broadcast import broadcast_batch
from domain.events.wire import BusMessage, RankMove, parse_bus_message
from domain.store.redis import keys
from domain.store.redis.bus import mark_listened
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

HOSTILE_NAMES = [
    'a"quoted"b',
    "back\\slash\\",
    "pi|pe|1|2",
    "</script><b>",
    "emoji \U0001f600 zwj",
    "日本語のなまえ",
    "{}[],:'x",
    "%s %d %1",
    "Ünï/cödé",
]


class Listener:
    """Receives the bus messages from now on."""

    def __init__(self, store: Store):
        self._pubsub = store.redis.subscribe(keys.bus_channel(GLOBAL_BOARD))
        assert self._pubsub.get_message(timeout=1)["type"] == "subscribe"

    def receive(self) -> BusMessage | None:
        """Return the next message, or None when there is none."""
        message = self._pubsub.get_message(timeout=0.1)
        return parse_bus_message(message["data"]) if message else None

    def close(self) -> None:
        self._pubsub.close()


@pytest.fixture
def listener(store: Store) -> Iterator[Listener]:
    """A subscriber of the bus."""
    listener = Listener(store)
    yield listener
    listener.close()


def audit(context: WorkerContext, actions: Sequence[NewAction]) -> UUID:
    """Run the links on a new batch until it is AUDITED, and return its id."""
    (batch,) = accept_actions(context.store, actions=actions, reply_to=None).batches
    for link in (SCREEN, SCORE, REFRESH, AUDIT):
        run_link(context, link=link, batch_id=batch.batch_id)
    return batch.batch_id


def reset_to_audited(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET stage = 'audited'"))


def test_a_batch_is_published_once_however_often_it_is_run(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[player])
    batch_id = audit(worker_context, [make_action(user_id=player, score=s) for s in (5, 6)])
    assert broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id) is LinkOutcome.MOVED
    assert broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id) is LinkOutcome.NOT_ITS_TURN
    reset_to_audited(store)
    assert broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id) is LinkOutcome.MOVED
    message = listener.receive()
    assert message is not None
    assert listener.receive() is None
    assert [(action.previous_score, action.new_score) for action in message.actions] == [
        (0, 5),
        (5, 11),
    ]
    assert message.ranks == {player: RankMove(None, 1)}
    stored = store.redis.run(lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD)))
    assert [parse_bus_message(entry["m"]) for _, entry in stored] == [message]


def test_a_process_that_dies_after_publishing_does_not_publish_again(
    worker_context: WorkerContext, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    batch_id = audit(worker_context, [make_action()])

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(broadcast, "move_batch", die)
        with pytest.raises(KeyboardInterrupt):
            broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id)
    assert broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id) is LinkOutcome.MOVED
    assert listener.receive() is not None
    assert listener.receive() is None


def test_many_at_once_draw_dense_positions_in_the_order_of_publishing(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    left = iter([audit(worker_context, [make_action()]) for _ in range(30)])
    run_in_threads(lambda: broadcast_all(store, left), count=6)
    received = [listener.receive() for _ in range(30)]
    assert [message.seq for message in received if message] == list(range(1, 31))
    assert len({message.epoch for message in received if message}) == 1
    assert listener.receive() is None
    assert read_top(store, board=GLOBAL_BOARD).seq == 30


def test_rejected_actions_are_not_published(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    silent = audit(worker_context, [make_action(score=5000)])
    assert broadcast_batch(store, board=GLOBAL_BOARD, batch_id=silent) is LinkOutcome.MOVED
    assert listener.receive() is None
    sound = make_action(score=5)
    broadcast_batch(
        store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action(score=5000), sound])
    )
    message = listener.receive()
    assert message is not None
    assert message.seq == 1
    assert [action.action_id for action in message.actions] == [sound.action_id]


def test_lost_keys_begin_a_new_epoch(worker_context: WorkerContext, listener: Listener) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action()]))
    before = listener.receive()
    store.redis.run(lambda client: client.flushdb())
    broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action()]))
    after = listener.receive()
    assert before is not None
    assert after is not None
    assert after.epoch != before.epoch
    assert after.seq == 1


def test_a_position_of_an_earlier_run_of_the_server_begins_a_new_epoch(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action()]))
    before = listener.receive()
    store.redis.run(lambda client: client.hset(keys.bus_position(GLOBAL_BOARD), "run_id", "before"))
    assert before is not None
    assert read_top(store, board=GLOBAL_BOARD).epoch != before.epoch
    broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action()]))
    after = listener.receive()
    assert after is not None
    assert (after.epoch, after.seq) == (read_top(store, board=GLOBAL_BOARD).epoch, 1)


def test_an_untrusted_board_is_published_from_sql(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    make_player(store, username="first", score=900, reached_seq=1, version=1)
    player = uuid4()
    broadcast_batch(
        store,
        board=GLOBAL_BOARD,
        batch_id=audit(worker_context, [make_action(user_id=player, username="second")]),
    )
    message = listener.receive()
    assert message is not None
    assert [(row.rank, row.username, row.score) for row in message.top.standings] == [
        (1, "first", 900),
        (2, "second", 100),
    ]
    assert message.top.total_users == 2
    assert message.ranks == {player: RankMove(None, 2)}


@pytest.mark.parametrize("trusted", [True, False])
def test_hostile_names_are_published_unchanged(
    worker_context: WorkerContext, listener: Listener, trusted: bool
) -> None:
    store = worker_context.store
    if trusted:
        assert rebuild_board(store, board=GLOBAL_BOARD)
    actions = [
        make_action(username=name, score=100 - index) for index, name in enumerate(HOSTILE_NAMES)
    ]
    broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, actions))
    message = listener.receive()
    assert message is not None
    names = [row.username for row in message.top.standings]
    assert names == HOSTILE_NAMES
    assert [row.username for row in read_top(store, board=GLOBAL_BOARD).standings] == HOSTILE_NAMES
    if not trusted:
        assert rebuild_board(store, board=GLOBAL_BOARD)
        assert [
            row.username for row in read_top(store, board=GLOBAL_BOARD).standings
        ] == HOSTILE_NAMES


def test_ranks_before_and_after_are_those_of_the_batch(
    worker_context: WorkerContext, listener: Listener
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    ada, bob = uuid4(), uuid4()
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[ada, bob])
    for actions in (
        [make_action(user_id=ada, score=10)],
        [make_action(user_id=bob, score=5)],
        [make_action(user_id=bob, score=6)],
        [make_action(user_id=ada, score=0)],
    ):
        broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, actions))
    moves = [message.ranks for message in iter(listener.receive, None) if message]
    assert moves == [
        {ada: RankMove(None, 1)},
        {bob: RankMove(None, 2)},
        {bob: RankMove(2, 1)},
        {ada: RankMove(2, 2)},
    ]


def test_the_stream_has_every_message_in_order(worker_context: WorkerContext) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    for _ in range(3):
        broadcast_batch(store, board=GLOBAL_BOARD, batch_id=audit(worker_context, [make_action()]))
    stored = store.redis.run(lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD)))
    assert [orjson.loads(entry["m"])["seq"] for _, entry in stored] == [1, 2, 3]


def broadcast_all(store: Store, left: Iterator[UUID]) -> None:
    for batch_id in left:
        broadcast_batch(store, board=GLOBAL_BOARD, batch_id=batch_id)
