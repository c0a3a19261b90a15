"""Whom others moved: each player's told rank ends at the true one, and nothing is told twice."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import gevent
import pytest
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.boards.followed import Moved
from domain.boards.model import Held, Standing
from domain.errors import DatabaseUnavailableError
from domain.events.changes import RankChanged, ScoreUpdated
from web.live.board_source import SQL_SHARE, BoardSource
from web.live.standings.watch import MESSAGE_SECONDS, StandingsWatch

PLAYERS = range(1, 9)


class Game:
    """A board, its unsent messages, and what each player was told last. It is a BoardSource."""

    def __init__(self) -> None:
        self.now = 100.0
        self.scores = {UUID(int=number): 10 for number in PLAYERS}
        self.messages: list[UUID] = []
        self.told: dict[UUID, int | None] = {}
        self.events: list[RankChanged] = []
        self.unable: set[UUID] = set()
        self.reads = 0
        self.read_seconds = 0.0
        self.meanwhile: list[Callable[[], None]] = []
        self.watch = StandingsWatch(cast(BoardSource, self), clock=lambda: self.now)

    def find_moved(self, known: Mapping[UUID, Held | None]) -> Moved:
        self.reads += 1
        self.now += self.read_seconds
        found = {user: self.hold_of(user) for user in known}
        moved = {
            user: held
            for user, held in found.items()
            if (before := known[user]) is None or before.rank != held.rank
        }
        while self.meanwhile:
            self.meanwhile.pop()()
        return Moved(moved, asked_sql=bool(self.read_seconds))

    def greet(self, user: UUID) -> Held:
        return self.hold_of(user)

    def hold_of(self, user: UUID) -> Held:
        return Held(self.rank(user), self.scores.get(user, 0))

    def rank(self, user: UUID) -> int | None:
        """Return the true rank; of equal scores the smaller id is first."""
        if user not in self.scores:
            return None
        order = sorted(self.scores, key=lambda one: (-self.scores[one], one))
        return order.index(user) + 1

    def come(self, user: UUID) -> None:
        """Let a player's first listener come: it asks the API for its rank."""
        if user not in self.told:
            self.watch.learn(user)
            self.told[user] = self.rank(user)

    def go(self, user: UUID) -> None:
        self.told.pop(user, None)
        self.unable.discard(user)

    def act(self, user: UUID, points: int) -> None:
        """Change a score; its message comes later."""
        self.scores[user] = max(self.scores.get(user, 0) + points, 0)
        self.messages.append(user)

    def ban(self, user: UUID) -> None:
        """Take a player off the board, of which a message without an action tells."""
        self.scores.pop(user, None)
        self.messages.append(UUID(int=0))

    def deliver(self) -> None:
        """Bring the oldest message, with the ranks and scores of now."""
        if not self.messages:
            return
        user = self.messages.pop(0)
        self.watch.mark_changed()
        if user in self.told:
            rank, score = self.rank(user), self.scores.get(user, 0)
            self.watch.note(user, [ScoreUpdated(user, user, 0, score, 1, rank)])
            self.told[user] = rank

    def look(self, seconds: float = 1.0, *, is_followed: bool = True) -> None:
        self.now += seconds
        self.watch.look(self, is_followed=is_followed)

    hold = nullcontext()

    def list_users(self) -> list[UUID]:
        return list(self.told)

    def can_tell(self, user: UUID) -> bool:
        return user not in self.unable

    def tell(self, moved: Sequence[RankChanged]) -> None:
        for event in moved:
            if event.user_id in self.told:
                assert self.told[event.user_id] != event.new_rank, "told twice"
                self.told[event.user_id] = event.new_rank
            self.events.append(event)

    def is_true(self, user: UUID) -> bool:
        # Without a rank left there is no event.
        return self.told[user] == self.rank(user) or self.rank(user) is None


USERS = st.integers(1, 8).map(lambda number: UUID(int=number))
THINGS = st.one_of(
    st.tuples(st.just("act"), USERS, st.integers(-3, 5)),
    st.tuples(st.just("deliver"), USERS, st.just(0)),
    st.tuples(st.just("look"), USERS, st.just(0)),
    st.tuples(st.just("come"), USERS, st.just(0)),
    st.tuples(st.just("go"), USERS, st.just(0)),
    st.tuples(st.just("ban"), USERS, st.just(0)),
)
Thing = tuple[str, UUID, int]


def do(game: Game, thing: Thing) -> None:
    kind, user, points = thing
    match kind:
        case "act":
            game.act(user, points)
        case "deliver":
            game.deliver()
        case "look":
            game.look()
        case "come":
            game.come(user)
        case "go":
            game.go(user)
        case "ban":
            game.ban(user)


@settings(deadline=None)
@given(
    things=st.lists(st.tuples(THINGS, st.lists(THINGS, max_size=2)), max_size=25),
)
def test_what_is_told_ends_at_the_true_rank(things: list[tuple[Thing, list[Thing]]]) -> None:
    game = Game()
    for number in (1, 3, 4, 7):
        game.come(UUID(int=number))
    for thing, meanwhile in things:
        if thing[0] == "look":
            game.meanwhile = [
                lambda other=other: do(game, other)  # type: ignore[misc]
                for other in meanwhile
                # One look at a time: they are one thread's; coming reads too.
                if other[0] not in ("look", "come")
            ]
        do(game, thing)
    game.meanwhile.clear()
    while game.messages:
        game.deliver()
    game.look()
    game.look(MESSAGE_SECONDS)
    assert all(game.is_true(user) for user in game.told)


@pytest.fixture
def game() -> Game:
    """Eight players of ten points, and listeners of the sixth."""
    game = Game()
    game.come(UUID(int=6))
    game.reads = 0
    return game


def test_whom_others_pass_is_told_how_it_stands(game: Game) -> None:
    game.act(UUID(int=8), 5)
    game.deliver()
    game.look()
    assert game.events == [RankChanged(UUID(int=6), 10, 7, 6, "overtaken")]
    game.ban(UUID(int=1))
    game.deliver()
    game.look()
    assert game.events[1:] == [RankChanged(UUID(int=6), 10, 6, 7, "advanced")]


def test_nothing_is_read_while_nothing_has_come(game: Game) -> None:
    for _ in range(3):
        game.look()
    assert game.reads == 0
    game.act(UUID(int=1), 5)
    game.deliver()
    game.look()
    game.look()
    assert (game.reads, game.events) == (1, [])


def test_what_a_message_will_tell_is_left_to_it(game: Game) -> None:
    me = UUID(int=6)
    game.act(me, 5)
    game.watch.mark_changed()
    game.look()
    game.deliver()
    game.look()
    assert (game.events, game.told[me]) == ([], 1)
    # A score that no message tells, such as one that was repaired.
    game.scores[me] = 3
    game.watch.mark_changed()
    game.look()
    assert game.events == []
    game.look(MESSAGE_SECONDS)
    assert game.events == [RankChanged(me, 3, 8, 1, "moderation")]


def test_a_message_that_knew_no_rank_is_made_up_for(game: Game) -> None:
    me = UUID(int=6)
    game.act(me, 5)
    game.watch.note(me, [ScoreUpdated(me, me, 10, 15, 5, None)])
    game.look()
    assert game.events == [RankChanged(me, 15, 1, None, "advanced")]


def test_who_is_not_on_the_board_is_not_looked_up(game: Game) -> None:
    game.go(UUID(int=6))
    game.come(UUID(int=99))
    game.reads = 0
    game.watch.mark_changed()
    game.look()
    assert game.reads == 0


def test_who_cannot_be_told_now_is_told_later(game: Game) -> None:
    game.unable.add(UUID(int=6))
    game.act(UUID(int=8), 5)
    game.deliver()
    game.look()
    game.look()
    assert game.events == []
    game.unable.clear()
    game.look()
    assert [event.new_rank for event in game.events] == [7]


def test_who_was_sent_a_snapshot_knows(game: Game) -> None:
    me = UUID(int=6)
    game.act(UUID(int=8), 5)
    game.deliver()
    row = Standing(7, me, "me", 10, datetime(2026, 11, 27, tzinfo=UTC))
    game.watch.note_standings({me: row, UUID(int=5): row})
    game.look()
    assert game.events == []


def test_while_the_bus_is_lost_reading_takes_a_tenth_of_the_time(game: Game) -> None:
    game.read_seconds = 2.0
    game.scores[UUID(int=8)] = 99
    game.look(is_followed=False)
    assert [event.new_rank for event in game.events] == [7]
    for _ in range(17):
        game.look(is_followed=False)
    assert game.reads == 1
    game.look(is_followed=False)
    assert game.reads == 2
    assert SQL_SHARE == 0.1


def test_a_look_that_failed_is_made_up_for(game: Game, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_known: Mapping[UUID, Held | None]) -> Moved:
        raise DatabaseUnavailableError

    game.act(UUID(int=8), 5)
    game.deliver()
    with monkeypatch.context() as patch:
        patch.setattr(game, "find_moved", fail)
        with pytest.raises(DatabaseUnavailableError):
            game.look()
    game.look()
    assert [event.new_rank for event in game.events] == [7]


def test_who_comes_back_during_a_look_keeps_nobody_from_being_told(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, other, answered = UUID(int=6), UUID(int=7), Event()
    game.come(other)

    def answer_later(user: UUID) -> Held:
        answered.wait()
        return game.hold_of(user)

    def leave_and_come_back() -> None:
        game.go(me)
        gevent.spawn(game.come, me)
        gevent.sleep(0)

    monkeypatch.setattr(game, "greet", answer_later)
    game.act(UUID(int=8), 5)
    game.deliver()
    game.meanwhile = [leave_and_come_back]
    game.look()
    assert [event.user_id for event in game.events] == [other]
    answered.set()
    gevent.sleep(0)
    assert game.told[me] == 7
