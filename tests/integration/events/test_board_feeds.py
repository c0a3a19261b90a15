"""The feeds of a process: what their boards show now, as time passes and periods end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import orjson
import pytest

from domain.boards.model import BoardId
from domain.errors import LaurelError
from domain.events import following
from domain.events.following import BoardPart
from domain.store.redis import keys
from domain.store.redis.client import RedisClient
from domain.store.redis.ranking_bus import list_followed, publish_rankings
from domain.store.redis.rankings import forget
from domain.store.store import Connection, Store
from tests.web.live.boards import PlayedBoard, change_board
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
        # At least the smallest step, or a due that is almost there would never come.
        self.at += timedelta(seconds=seconds, microseconds=1)


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


def test_a_ranking_is_published_when_workers_know_and_then_again_and_again(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = worker_context.store, Clock(monkeypatch)
    board = PlayedBoard(worker_context)
    board.begin(7)
    began, published = clock(), []

    def publish(redis: RedisClient, **arguments: Any) -> None:
        published.append(clock() - began)
        publish_rankings(redis, **arguments)

    monkeypatch.setattr("web.live.boards.feeds.publish_rankings", publish)
    feeds, _ = open_feeds(store, clock)
    feed, ears = feeds.open(BoardPart(BoardId(board.slug), "")), Ears()
    feed.add(ears, 10, None)
    while clock() < began + 25:
        clock.pass_seconds(feeds.seconds_to_check())
        feeds.check()
    assert len(published) == 3
    assert 1.2 <= published[0] < 1.3
    assert all(10 <= later - before < 11 for before, later in pairwise(published))


def test_a_season_that_was_sealed_is_shown_as_it_was_sealed(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = worker_context.store, Clock(monkeypatch)
    season = {"kind": "season", "start": "2020-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}
    board = PlayedBoard(worker_context, period=season)
    board.begin(7, 5)
    feeds, _ = open_feeds(store, clock)
    feed, ears = feeds.open(BoardPart(BoardId(board.slug), "")), Ears()
    feed.add(ears, 10, None)
    before = ears.events[-1]["leaderboard"]
    change_board(
        store,
        board.slug,
        ["UPDATE rankings SET revision = 1 WHERE version_no IN"
         " (SELECT version_no FROM board_versions WHERE board_id = :slug)"],
    )  # fmt: skip
    # The keeper forgets a period that is over.
    forget(store.redis, ranking_nos=[board.ranking_no])
    store.redis.run(lambda redis: redis.delete(keys.followed_rankings()))
    feeds.check()
    assert not feed.is_stale
    assert list_followed(store.redis) == {}
    assert ears.events[-1]["event"] == "snapshot"
    assert ears.events[-1]["leaderboard"] == before
    assert (ears.events[-1]["epoch"], ears.events[-1]["seq"]) == ("", 0)
