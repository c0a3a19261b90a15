"""What ends what a board shows: its period, its version, the board itself, and the stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from redis import Redis
from sqlalchemy import text

from domain.boards.model import BoardId
from domain.errors import LaurelError
from domain.events import following
from domain.events.following import BoardPart
from domain.rankings.definition_json import encode_definition
from domain.store.redis import keys
from domain.store.store import Connection, Store
from tests.conftest import Stores
from tests.redis_server import RedisServer
from tests.waiting import wait_until
from tests.web.live.boards import Client, PlayedBoard
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server
from web.live.boards.feed import BoardFeed
from web.live.boards.feeds import IDLE_SECONDS, Feeds
from web.live.outgoing import Outgoing
from workers.context import WorkerContext


class Ears:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.user_id = uuid4()
        self.view = None
        self.events: list[dict[str, Any]] = []

    def send(self, outgoing: Outgoing) -> None:
        self.events += map(orjson.loads, outgoing.payloads)


class Clock:
    """The clock of this process, and the database's, which are moved together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.at = datetime(2026, 11, 26, 22, 59, 58, tzinfo=UTC)
        read_moment = following.read_moment

        def read(connection: Connection) -> tuple[int, datetime]:
            return read_moment(connection)[0], self.at

        monkeypatch.setattr(following, "read_moment", read)

    def __call__(self) -> float:
        return self.at.timestamp()

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def open_feeds(store: Store, clock: Clock) -> tuple[Feeds, list[str]]:
    ended: list[str] = []

    def end(_feed: BoardFeed, error: LaurelError) -> None:
        ended.append(error.code)

    return Feeds(store, end=end, clock=clock), ended


def test_a_new_period_is_shown_when_it_begins(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = worker_context.store, Clock(monkeypatch)
    board = PlayedBoard(
        worker_context, period={"kind": "daily"}, timeZone="Europe/Berlin", ties="dense"
    )
    feeds, _ = open_feeds(store, clock)
    feed = feeds.open(BoardPart(BoardId(board.slug), ""))
    ears, around = Ears(), Ears()
    feed.add(ears, 10, None)
    feed.add_around(around, 2, None)
    assert ears.events[-1]["period"] == "2026-11-26"
    assert ears.events[-1]["periodEnd"] == "2026-11-26T23:00:00Z"
    ends_at = datetime(2026, 11, 26, 23, tzinfo=UTC)
    while clock.at < ends_at:
        feeds.check()
        assert len(ears.events) == 2
        clock.pass_seconds(feeds.seconds_to_check())
    assert clock.at - ends_at < timedelta(seconds=0.1)
    feeds.check()
    feed.read_around()
    assert [event["event"] for event in ears.events[2:]] == ["subscribed", "snapshot"]
    assert ears.events[-1]["period"] == "2026-11-27"
    assert ears.events[-1]["leaderboard"] == []
    assert (around.events[-1]["event"], around.events[-1]["period"]) == ("around", "2026-11-27")


def test_a_feed_without_followers_is_kept_for_a_while(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = worker_context.store, Clock(monkeypatch)
    board = PlayedBoard(worker_context)
    feeds, _ = open_feeds(store, clock)
    part = BoardPart(BoardId(board.slug), "")
    feed, ears = feeds.open(part), Ears()
    feed.add(ears, 10, None)
    clock.pass_seconds(2 * IDLE_SECONDS)
    feeds.check()
    assert feeds.open(part) is feed
    feed.remove(ears)
    feed.idle_since = clock()
    clock.pass_seconds(IDLE_SECONDS - 1)
    feeds.check()
    assert feeds.open(part) is feed
    clock.pass_seconds(1)
    feeds.check()
    assert [*feeds] == []


def change_board(store: Store, slug: str, statements: list[str], **parameters: Any) -> None:
    with store.write() as connection:
        for statement in ("UPDATE board_catalog SET revision = revision + 1", *statements):
            connection.execute(text(statement), {"slug": slug, **parameters})


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
         " WHERE board_id = :slug", "FORBIDDEN"),
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
