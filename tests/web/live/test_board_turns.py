"""What ends what a board shows: its period, its version, the board itself, and the stores."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from redis import Redis

from domain.rankings.definition_json import encode_definition
from domain.store.redis import keys
from domain.store.store import Store
from tests.conftest import Stores
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from tests.web.live.boards import Client, PlayedBoard, change_board
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server
from workers.context import WorkerContext


def test_another_version_is_shown_when_it_is_live(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    board.begin(7, 5)
    client = Client(connect(server), board)
    definition = encode_definition(board.current.version.definition)
    change_board(
        worker_context.store,
        board.slug,
        [
            "UPDATE board_versions SET state = 'retired' WHERE board_id = :slug",
            "INSERT INTO board_versions (board_id, version, definition, state, live_at)"
            " VALUES (:slug, 2, CAST(:definition AS jsonb), 'live', now())",
        ],
        definition=orjson.dumps(definition).decode(),
    )
    event = client.hear()
    assert (event["event"], event["boardVersion"], client.rows) == ("snapshot", 2, [])


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE boards SET state = 'archived' WHERE board_id = :slug",
         "NOT_FOUND"),
        ("UPDATE board_versions SET definition = definition || '{\"readers\":\"admins\"}'"
         " WHERE board_id = :slug", "NOT_FOUND"),
    ],
)  # fmt: skip
def test_a_board_that_is_shown_no_more_ends_its_channels(
    server: Server, connect: Connect, worker_context: WorkerContext, statement: str, reason: str
) -> None:
    board = PlayedBoard(worker_context)
    listener = connect(server)
    channels = {f"leaderboard:{board.slug}", f"around:{board.slug}:self"}
    for channel in channels:
        listener.say(op="subscribe", channel=channel, id=1)
        listener.hear_until("snapshot")
    change_board(worker_context.store, board.slug, [statement])
    ended = [listener.hear_until("unsubscribed") for _ in channels]
    assert {event["channel"] for event in ended} == channels
    assert all((event["id"], event["reason"]) == (None, reason) for event in ended)
    listener.say(op="unsubscribe", channel=f"leaderboard:{board.slug}", id=2)
    assert listener.hear()["id"] == 2


@pytest.fixture
def publish(stores: Stores, store: Store) -> Callable[[Any], None]:
    """Publish any text where messages of boards are expected."""

    def send(message: Any) -> None:
        raw = message if isinstance(message, str) else orjson.dumps(message).decode()
        with Redis.from_url(stores.redis_url) as client:
            client.publish(keys.rankings_channel(), raw)

    return send


def test_a_closed_period_is_told_on_both_channels_of_the_part(
    server: Server,
    connect: Connect,
    worker_context: WorkerContext,
    publish: Callable[[Any], None],
) -> None:
    board = PlayedBoard(worker_context)
    listener, other = connect(server), connect(server)
    for channel in (f"leaderboard:{board.slug}", f"around:{board.slug}:self"):
        listener.say(op="subscribe", channel=channel, id=1)
        listener.hear_until("snapshot")
    message = {
        "kind": "period_closed",
        "board": board.slug,
        "period": "2026-11-25",
        "segment": "",
        "revision": 1,
        "rows": 2,
        "closedAt": "2026-11-26T00:00:05+00:00",
        "nextPeriod": "2026-11-26",
        "rewards": [{"userId": str(UUID(int=1)), "rank": 1, "reward": "gold"}],
    }
    publish({**message, "segment": "DE"})
    publish(message)
    events = [listener.hear(), listener.hear()]
    assert {event.pop("channel") for event in events} == {
        f"leaderboard:{board.slug}",
        f"around:{board.slug}:self",
    }
    assert events[0] == events[1]
    event = events[0]
    assert event.pop("timestamp")
    assert event.pop("event") == message.pop("kind")
    assert event == {**message, "segment": None, "closedAt": "2026-11-26T00:00:05Z"}
    assert other.hears_nothing()


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "7",
        {},
        {"kind": "period_closed"},
        {"kind": "period_closed", "board": "No Slug", "segment": ""},
        {"ranking": "7", "epoch": "e", "seq": 1},
        {"ranking": 7, "epoch": "e"},
        {"ranking": None, "epoch": "e", "seq": 1, "total": 1, "top": [0, 1, ["zz", "1", "x"]]},
        {"ranking": None, "epoch": "e", "seq": 1, "total": 1, "top": 5},
    ],
)
def test_what_is_not_understood_harms_nobody(
    server: Server,
    connect: Connect,
    worker_context: WorkerContext,
    publish: Callable[[Any], None],
    message: Any,
) -> None:
    board = PlayedBoard(worker_context)
    ann, bob = board.begin(7, 5)
    client = Client(connect(server), board)
    if isinstance(message, dict) and message.get("ranking", 0) is None:
        message = {**message, "ranking": board.ranking_no}
    publish(message)
    board.act((bob, 9))
    client.hear_until(board, 10)
    assert client.rows == [(0, 1, str(bob), 14), (1, 2, str(ann), 7)]


def test_positions_that_begin_anew_come_with_a_snapshot(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    (ann, _) = board.begin(7, 5)
    client = Client(connect(server), board)
    key = keys.ranking_position(board.ranking_no)
    worker_context.store.redis.run(lambda redis: redis.delete(key))
    board.act((ann, 1))
    event = client.hear()
    assert event["event"] == "snapshot"
    assert client.rows == board.list_rows(10)


def test_followers_go_on_when_redis_comes_back(
    start_server: StartServer,
    connect: Connect,
    worker_context: WorkerContext,
    redis_server: RedisServer,
) -> None:
    context = worker_context
    board = PlayedBoard(context)
    (ann, bob) = board.begin(7, 5)
    server = start_server(redis_url=redis_server.url)
    # That Redis has nothing: SQL is shown, and what is written there meanwhile.
    client = Client(connect(server), board)
    assert (client.rows, client.position) == (board.list_rows(10), ("", 0))
    redis_server.kill()
    wait_until(lambda: server.health("ready")["status"] == "degraded")
    board.act((bob, 9))
    client.hear_until(board, 10)
    late = Client(connect(server), board)
    assert late.rows == [(0, 1, str(bob), 14), (1, 2, str(ann), 7)]
    redis_server.start()
    wait_until(lambda: server.health("ready")["status"] == "ok")
    board.act((ann, 9))
    client.hear_until(board, 10)
    late.hear_until(board, 10)
