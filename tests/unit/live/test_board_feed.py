"""One board's feed: whatever comes when, each follower's rows are those of the last message."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from typing import Any, cast
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.boards.model import BoardId
from domain.events.following import (
    BoardPart,
    CurrentRanking,
    IndexedStanding,
    RankingTop,
    name_top,
)
from domain.rankings.definition_json import decode_definition
from domain.rankings.folding import sort_key
from domain.rankings.model import BoardVersion, Period, Tally, VersionState
from domain.rankings.reads.standings import ReadRanking
from domain.store.redis.ranking_bus import RankingMessage
from domain.store.store import Store
from web.live.boards.feed import WINDOW_SECONDS, BoardFeed
from web.live.boards.top_followers import BOUNDS
from web.live.outgoing import Outgoing
from web.live.protocol import Position

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NO_STORE = cast(Store, None)
PART = BoardPart(BoardId("runs"), "")
LIMITS = (1, 3, 100)

Scores = dict[int, int]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        # When somebody was sent what it did not ask for.
        self.stepped_at: set[float] = set()

    def __call__(self) -> float:
        return self.now


class Follower:
    """A listener that puts every change into what it knows."""

    def __init__(self, number: int):
        self.user_id = UUID(int=number)
        self.view = None
        self.rows: dict[str, Any] = {}
        self.position = ("", 0)
        self.total = 0
        self.recovered: list[bool] = []
        self.limit = 0
        self.clock: Clock | None = None

    def send(self, outgoing: Outgoing) -> None:
        events = [orjson.loads(payload) for payload in outgoing.payloads]
        if self.clock and events[0].get("id") is None:
            self.clock.stepped_at.add(self.clock.now)
        for event in events:
            if event["event"] == "snapshot":
                self.rows = {row["userId"]: row for row in event["leaderboard"]}
            elif event["event"] == "leaderboard_changed":
                assert (event["epoch"], event["from"]) == self.position
                for user in event["removed"]:
                    del self.rows[user]
                for change in event["changes"]:
                    self.rows[change["userId"]] = {**change, "rank": change["newRank"]}
            else:
                assert event["event"] == "subscribed"
                self.recovered.append(event["recovered"])
                if event["recovered"] and len(events) > 1:
                    # What was missed follows, and leads from where this one was.
                    continue
            self.position = event["epoch"], event["seq"]
            self.total = event.get("totalUsers", self.total)

    def shown(self) -> list[tuple[int, int, str, int]]:
        return sorted(
            (row["index"], row["rank"], user, row["score"]) for user, row in self.rows.items()
        )


def make_current(ties: str) -> CurrentRanking:
    definition = decode_definition({"id": "runs", "ties": ties})
    version = BoardVersion(1, 1, definition, VersionState.LIVE)
    return CurrentRanking(version, Period("all"), ReadRanking(7, definition), None)


def make_message(current: CurrentRanking, scores: Scores, epoch: str, seq: int) -> RankingMessage:
    """Return the message as the script writes it, of players whose scores these are."""
    assert current.ranking is not None
    definition = current.ranking.definition
    members = sorted(
        f"{sort_key(definition, Tally(score, (), user, True, 1)).hex()}:{UUID(int=user)}"
        for user, score in scores.items()
    )
    rows = [part for member in members for part in (member, "1700000000000", "name")]
    return RankingMessage(7, epoch, seq, len(scores), (0, 1 if rows else 0, rows))


def expect(
    current: CurrentRanking, message: RankingMessage, limit: int
) -> list[tuple[int, int, str, int | float]]:
    assert current.ranking is not None
    placed = message.read_top(current.ranking.order)
    assert placed is not None
    top: tuple[IndexedStanding, ...] = name_top(
        NO_STORE, ranking=current.ranking, top=placed
    ).standings
    return [(row.index, row.rank, str(row.user_id), row.standing.score) for row in top[:limit]]


class Crowd:
    """Followers that come, go and come back while others are sent something."""

    def __init__(self, clock: Clock) -> None:
        self.feed: BoardFeed
        self.following: dict[Follower, int] = {}
        self.moves: list[tuple[int, int]] = []
        self.everybody = [Follower(number) for number in range(6)]
        for follower in self.everybody:
            follower.clock = clock

    def move(self) -> None:
        """Let the next one do what it does: follow with a limit, or leave."""
        if self.moves:
            number, limit = self.moves.pop()
            follower = self.everybody[number]
            self.feed.remove(follower)
            self.following.pop(follower, None)
            if limit:
                self.following[follower] = limit
                # Who comes back goes on from where it was, if it asks for the same.
                since = Position(*follower.position) if follower.limit == limit else None
                follower.limit = limit
                self.feed.add(follower, limit, "mine", since)


SCORES = st.dictionaries(st.integers(1, 6), st.integers(0, 3), max_size=6)
MOVES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from((0, *LIMITS))), max_size=4)
# Scores, how far the position goes on (some messages are missed), whether an epoch begins, how many
# seconds have passed, and what others do.
STEPS = st.lists(
    st.tuples(
        SCORES,
        st.integers(1, 2),
        st.sampled_from((False, False, False, True)),
        st.sampled_from((0.1, 0.2, 0.3)),
        MOVES,
    ),
    max_size=8,
)


# Others may use the processor meanwhile.
@settings(deadline=None)
@given(ties=st.sampled_from(("firstToReach", "competition", "dense")), steps=STEPS)
def test_changes_put_in_are_the_rows_of_the_last_message(
    ties: str, steps: list[tuple[Scores, int, bool, float, list[tuple[int, int]]]]
) -> None:
    current, clock = make_current(ties), Clock()
    crowd = Crowd(clock)
    feed = crowd.feed = BoardFeed(
        NO_STORE,
        PART,
        current,
        RankingTop("e0", 0, 0, ()),
        clock=clock,
        yield_turn=crowd.move,
        now=lambda: NOW,
        writes_per_turn=1,
    )
    epoch, seq = 0, 0
    message = make_message(current, {}, "e0", 0)

    def check() -> None:
        while crowd.moves:
            crowd.move()
        for follower, limit in crowd.following.items():
            assert follower.shown() == expect(current, message, limit)
            assert follower.total == len(message.span[2]) // 3 if message.span else 0

    for scores, forward, begins_anew, seconds, moves in steps:
        clock.now += seconds
        feed.flush()
        crowd.moves = [*moves]
        crowd.move()
        epoch, seq = (epoch + 1, 1) if begins_anew else (epoch, seq + forward)
        message = make_message(current, scores, f"e{epoch}", seq)
        feed.receive(message)
        # The first change is sent at once; another one waits, and is the only one then.
        if feed.seconds_to_flush() == inf:
            check()
        else:
            assert feed.seconds_to_flush() <= WINDOW_SECONDS
        # What comes late or twice changes nothing.
        feed.receive(make_message(current, {1: 9}, f"e{epoch}", seq))
    clock.now += WINDOW_SECONDS
    feed.flush()
    assert feed.seconds_to_flush() == inf
    check()
    times = sorted(clock.stepped_at)
    assert all(later - at > WINDOW_SECONDS - 0.001 for at, later in pairwise(times))


def follow_again(feed: BoardFeed, follower: Follower, since: tuple[str, int]) -> bool:
    """Follow from a position on, and return whether that was possible."""
    follower.position = since
    feed.add(follower, 10, "again", Position(*since))
    return follower.recovered[-1]


def test_who_comes_back_is_sent_all_that_it_missed_or_a_snapshot() -> None:
    clock = Clock()
    current = make_current("competition")
    top = RankingTop("e", 1, 0, ())
    feed = BoardFeed(NO_STORE, PART, current, top, clock=clock, now=lambda: NOW)
    follower, other = Follower(1), Follower(2)
    feed.add(follower, 10, None)

    def show(seq: int, scores: Scores, epoch: str = "e") -> None:
        clock.now += 1
        feed.receive(make_message(current, scores, epoch, seq))

    feed.remove(follower)
    show(2, {1: 5, 2: 3})
    show(5, {1: 5, 2: 7})
    assert follow_again(feed, follower, ("e", 1))
    assert follower.shown() == [(0, 1, str(UUID(int=2)), 7), (1, 2, str(UUID(int=1)), 5)]
    assert follower.position == ("e", 5)
    # Nothing was missed: there is no event, only the answer.
    assert follow_again(feed, follower, ("e", 5))
    # A message was lost, so what was shown there is not known; so are other epochs and the future.
    for since in (("e", 3), ("e", 6), ("f", 5), ("", 0), ("e", 0)):
        assert not follow_again(feed, other, since)
    show(1, {3: 9}, "f")
    assert not follow_again(feed, other, ("e", 5))
    assert other.shown() == [(0, 1, str(UUID(int=3)), 9)]


def test_what_was_shown_long_ago_is_not_kept() -> None:
    clock = Clock()
    current = make_current("dense")
    top = RankingTop("e", 1, 0, ())
    feed = BoardFeed(NO_STORE, PART, current, top, clock=clock, now=lambda: NOW)
    follower = Follower(1)
    for seq in range(2, 2 + BOUNDS.messages + 10):
        clock.now += 1
        feed.receive(make_message(current, {1: seq}, "e", seq))
    assert not follow_again(feed, follower, ("e", 2))
    assert follow_again(feed, follower, ("e", 20))
    clock.now += BOUNDS.seconds
    assert follow_again(feed, follower, ("e", 20))


def receive_one(top: RankingTop, act: Callable[[BoardFeed], None]) -> tuple[BoardFeed, Follower]:
    clock = iter(range(1000))
    feed = BoardFeed(
        NO_STORE,
        PART,
        make_current("firstToReach"),
        top,
        clock=lambda: float(next(clock)),
        now=lambda: NOW,
    )
    follower = Follower(1)
    feed.add(follower, 10, None)
    act(feed)
    return feed, follower


def test_a_message_without_rows_lets_the_stores_be_read() -> None:
    feed, follower = receive_one(
        RankingTop("e", 1, 0, ()), lambda feed: feed.receive(RankingMessage(7, "e", 2, 0, None))
    )
    assert feed.is_stale
    assert follower.position == ("e", 1)
    feed.receive(make_message(feed.current, {1: 5}, "e", 3))
    assert not feed.is_stale
    assert follower.position == ("e", 3)


def test_what_sql_says_is_shown_once_and_has_no_position() -> None:
    current = make_current("firstToReach")
    assert current.ranking is not None
    placed = make_message(current, {1: 5}, "e", 3).read_top(current.ranking.order)
    assert placed is not None
    top = name_top(NO_STORE, ranking=current.ranking, top=placed)
    feed, follower = receive_one(top, lambda feed: feed.renew(top._replace(epoch="", seq=0)))
    # The same rows: nothing is sent, and what comes next leads on.
    assert (follower.position, feed.is_stale) == (("e", 3), True)
    feed.renew(RankingTop("", 0, 0, ()))
    assert (follower.position, follower.rows) == (("", 0), {})
    feed.renew(top)
    assert (follower.position, feed.is_stale) == (("e", 3), False)
    assert len(follower.rows) == 1


def test_another_rankings_message_is_not_shown() -> None:
    _, follower = receive_one(
        RankingTop("e", 1, 0, ()),
        lambda feed: feed.receive(
            make_message(feed.current, {1: 5}, "e", 2)._replace(ranking_no=8)
        ),
    )
    assert follower.position == ("e", 1)
