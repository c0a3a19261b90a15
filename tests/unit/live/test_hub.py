"""The hub while other greenlets have their turn between two sends of one step.

Whatever listeners do meanwhile, each is sent every step from the position it was shown, once.
"""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.boards.model import BoardId, Held, Standing, Top
from domain.errors import DatabaseUnavailableError
from domain.events.wire import BusMessage, parse_bus_message, parse_top
from web.live.channels import ViewKey
from web.live.hub import Hub
from web.live.outgoing import Outgoing
from web.live.protocol import Position

BOARD = BoardId("chess")
NOW = datetime(2025, 8, 8, 10, tzinfo=UTC)
Event = dict[str, Any]


class FakeBoard:
    """A board, its bus, and the stores as the hub reads them."""

    board = BOARD

    def __init__(self) -> None:
        self.scores = {UUID(int=number): 100 - number for number in range(1, 31)}
        self.seq = 1

    def act(self, *users: UUID) -> str:
        """Give these users 50 points each and return the bus message."""
        before = self._ranks()
        self.seq += 1
        actions = []
        for number, user in enumerate(users):
            old, self.scores[user] = self.scores[user], self.scores[user] + 50
            action_id = str(UUID(int=self.seq * 1000 + number))
            actions.append([action_id, str(user), old, old + 50, 50])
        after = self._ranks()
        moves = {str(user): [before[user], after[user]] for user in users}
        message = {**self._wire(), "batch": "b", "ranks": moves, "scores": {}, "actions": actions}
        return orjson.dumps(message).decode()

    def read_top(self) -> Top:
        return parse_top(orjson.dumps(self._wire()))

    def read_recent_top(self) -> Top:
        return self.read_top()

    def find_standings(self, _user_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        return {}

    def find_standing(self, user_id: UUID) -> Standing | None:
        return self.find_standings([user_id]).get(user_id)

    def read_messages(self, _epoch: str, **_where: int) -> list[BusMessage]:
        return []

    def mark_listened(self, user_ids: Iterable[UUID]) -> None:
        pass

    def rows(self, limit: int) -> dict[str, tuple[int, int]]:
        """Return rank and score of the first `limit` users."""
        top = self.read_top().standings[:limit]
        return {str(row.user_id): (row.rank, row.score) for row in top}

    def _wire(self) -> Event:
        rows = [
            [str(user), self.scores[user], 0, f"u{user.int}"]
            for user in sorted(self.scores, key=lambda user: (-self.scores[user], user))
        ]
        return {
            "board": str(BOARD),
            "epoch": "e",
            "seq": self.seq,
            "at": NOW.isoformat(),
            "total": len(rows),
            "top": rows[:100],
        }

    def _ranks(self) -> dict[UUID, int]:
        return {row.user_id: row.rank for row in self.read_top().standings}


class Follower:
    """A client that applies what it is sent, and fails on a step from another position."""

    def __init__(self, user_id: UUID):
        self.user_id = user_id
        self.view: ViewKey | None = None
        self.events: list[Event] = []
        self.rows: dict[str, tuple[int, int]] = {}
        self._position: dict[str, tuple[str, int]] = {}
        self._step: dict[str, tuple[int, int]] = {}

    def send(self, outgoing: Outgoing) -> None:
        for payload in outgoing.payloads:
            self._apply(orjson.loads(payload))

    def welcome(self, position: Position) -> None:
        """Begin the own channel where the server's welcome says."""
        self._position["user:self"] = (position.epoch, position.seq)

    def kinds(self, channel: str) -> list[str]:
        """Return the names of the events of one channel."""
        return [event["event"] for event in self.events if event["channel"] == channel]

    def _apply(self, event: Event) -> None:
        self.events.append(event)
        channel, position = event["channel"], (event["epoch"], event["seq"])
        if "from" in event:
            # The events of one step share `from` and `seq`.
            step = (event["from"], event["seq"])
            at_start = self._position[channel] == (event["epoch"], event["from"])
            assert at_start or self._step.get(channel) == step, (event, self._position)
            self._step[channel] = step
        else:
            self._step.pop(channel, None)
        self._position[channel] = position
        if event["event"] == "snapshot" and channel == "leaderboard":
            self.rows = {row["userId"]: (row["rank"], row["score"]) for row in event["leaderboard"]}
        elif event["event"] == "leaderboard_changed":
            for user in event["removed"]:
                del self.rows[user]
            for row in event["changes"]:
                # Of who comes into view, the rank behind it; other tests know which.
                if row["userId"] in self.rows:
                    assert self.rows[row["userId"]][0] == row["previousRank"]
                self.rows[row["userId"]] = (row["newRank"], row["score"])


class Turns:
    """What the others do with their turns; each is called once, in order."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self) -> None:
        if self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def board() -> FakeBoard:
    """A board of thirty users."""
    return FakeBoard()


@pytest.fixture
def turns() -> Turns:
    """Others' turns; nothing happens in them unless a test says so."""
    return Turns()


@pytest.fixture
def hub(board: FakeBoard, turns: Turns) -> Hub:
    """A connected hub that gives others a turn after every send."""
    hub = Hub(
        board,  # type: ignore[arg-type] # a fake
        yield_turn=turns,
        now=lambda: NOW,
        # Nothing is held back: a second passes between two looks.
        clock=map(float, count()).__next__,
        writes_per_turn=1,
    )
    hub.handle_connected()
    return hub


def follow(hub: Hub, *users: int, limit: int = 10) -> list[Follower]:
    """Register listeners of these users that follow the first `limit` rows."""
    followers = [Follower(UUID(int=user)) for user in users]
    for follower in followers:
        hub.listeners.register(follower)
        follower.welcome(hub.listeners.own_position(follower.user_id))
        hub.listeners.subscribe(follower, limit, None)
        follower.events.clear()
    return followers


def pick_unsent(followers: list[Follower]) -> Follower:
    """Return one that has been sent nothing yet."""
    return next(follower for follower in followers if not follower.events)


def test_a_listener_that_left_during_anothers_turn_is_sent_nothing(
    hub: Hub, board: FakeBoard, turns: Turns
) -> None:
    followers = follow(hub, 11, 12, 13)
    left: list[Follower] = []

    def leave() -> None:
        left.append(pick_unsent(followers))
        hub.listeners.unregister(left[0])

    turns.waiting = [leave]
    hub.handle_message(board.act(UUID(int=20)))
    assert left[0].events == []
    assert [f.kinds("leaderboard")[-1] for f in followers if f is not left[0]] == [
        "leaderboard_changed"
    ] * 2


@pytest.mark.parametrize("limit", [10, 5, 20], ids=["the same view", "a new view", "the next view"])
def test_a_listener_that_subscribed_again_during_anothers_turn_is_sent_no_older_step(
    hub: Hub, board: FakeBoard, turns: Turns, limit: int
) -> None:
    followers = follow(hub, 11, 12, 13)
    follow(hub, 14, limit=20)
    again: list[Follower] = []

    def subscribe_again() -> None:
        again.append(pick_unsent(followers))
        hub.listeners.subscribe(again[0], limit, "again")

    turns.waiting = [subscribe_again]
    hub.handle_message(board.act(UUID(int=20)))
    assert again[0].kinds("leaderboard") == ["subscribed", "snapshot"]
    assert again[0].events[-1]["seq"] == board.seq
    hub.handle_message(board.act(UUID(int=21)))
    assert again[0].rows == board.rows(limit)


def test_a_listener_that_came_during_anothers_turn_is_sent_no_older_step(
    hub: Hub, board: FakeBoard, turns: Turns
) -> None:
    follow(hub, 11, 12, limit=10)
    follow(hub, 13, limit=20)
    came: list[Follower] = []
    turns.waiting = [lambda: came.extend(follow(hub, 14, limit=20))]
    hub.handle_message(board.act(UUID(int=20)))
    assert came[0].events == []
    assert came[0].rows == board.rows(20)


def test_a_listener_shown_its_own_standing_during_anothers_turn_is_sent_no_older_step(
    hub: Hub, board: FakeBoard, turns: Turns
) -> None:
    followers = follow(hub, 11, 11)
    shown: list[Follower] = []

    def show() -> None:
        shown.append(pick_unsent(followers))
        hub.listeners.follow_own(shown[0], "again")

    turns.waiting = [show]
    hub.handle_message(board.act(UUID(int=11)))
    assert shown[0].kinds("user:self") == ["subscribed", "snapshot"]


def test_a_listener_that_came_during_a_resync_is_not_sent_the_event_of_its_own_position(
    hub: Hub, board: FakeBoard, turns: Turns
) -> None:
    follow(hub, 11, 12)
    board.act(UUID(int=20))
    came: list[Follower] = []
    turns.waiting = [lambda: came.extend(follow(hub, 13))]
    hub.handle_message(board.act(UUID(int=13)))
    assert came[0].kinds("user:self") == []
    assert hub.listeners.own_position(UUID(int=13)).seq == board.seq


def test_a_listener_that_left_during_a_resync_is_sent_nothing(
    hub: Hub, board: FakeBoard, turns: Turns
) -> None:
    followers = follow(hub, 11, 12, 13)
    board.act(UUID(int=20))
    left: list[Follower] = []

    def leave() -> None:
        left.append(pick_unsent(followers))
        hub.listeners.unregister(left[0])

    turns.waiting = [leave]
    hub.handle_message(board.act(UUID(int=21)))
    assert left[0].events == []
    assert all(f.rows == board.rows(10) for f in followers if f is not left[0])


def test_after_a_hole_a_view_is_sent_only_its_snapshot_and_own_listeners_their_events_too(
    hub: Hub, board: FakeBoard
) -> None:
    (follower,) = follow(hub, 5)
    board.act(UUID(int=20))
    hub.handle_message(board.act(UUID(int=5)))
    assert follower.kinds("leaderboard") == ["subscribed", "snapshot"]
    own = follower.kinds("user:self")
    assert own == ["subscribed", "snapshot", "score_updated", "user_position_changed"]


class Crowd:
    """Listeners that come, go and subscribe again at random, the same for the same seed."""

    def __init__(self, hub: Hub, seed: int):
        self.chance = random.Random(seed)
        self.present = follow(hub, *range(1, 9), 5, 5, 6)
        self._hub = hub

    def pick_user(self) -> UUID:
        return UUID(int=self.chance.randrange(1, 31))

    def disturb(self) -> None:
        """Do one thing in others' turn."""
        follower = self.chance.choice(self.present)
        limit = self.chance.choice([5, 10, 20])
        match self.chance.randrange(5):
            case 0:
                self._hub.listeners.subscribe(follower, limit, None)
            case 1:
                self._hub.listeners.follow_own(follower, None)
            case 2:
                self.present += follow(self._hub, self.pick_user().int, limit=limit)
            case 3 if len(self.present) > 5:
                self.present.remove(follower)
                self._hub.listeners.unregister(follower)
            case 4:
                self._hub.listeners.unsubscribe(follower)


@pytest.mark.parametrize("seed", range(20))
def test_every_listener_is_sent_every_step_once_whatever_others_do_in_their_turns(
    hub: Hub, board: FakeBoard, turns: Turns, seed: int
) -> None:
    crowd = Crowd(hub, seed)
    for _ in range(50):
        turns.waiting = [crowd.disturb] * crowd.chance.randrange(8)
        message = board.act(*(crowd.pick_user() for _ in range(3)))
        fate = crowd.chance.choice(["missed", "lost", *["received"] * 8])
        if fate == "received":
            hub.handle_message(message)
        elif fate == "lost":
            hub.handle_lost()
            crowd.disturb()
            hub.handle_connected()
    turns.waiting = []
    hub.handle_message(board.act(UUID(int=30)))
    for follower in crowd.present:
        assert follower.view is None or follower.rows == board.rows(follower.view.limit)


class StreamedBoard(FakeBoard):
    """A board whose messages are kept, so that what was missed can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[BusMessage] = []

    def act(self, *users: UUID) -> str:
        raw = super().act(*users)
        self.kept.append(parse_bus_message(raw))
        return raw

    def read_messages(
        self, _epoch: str, *, first_seq: int = 0, upto_seq: int = 0
    ) -> list[BusMessage]:
        return [message for message in self.kept if message.seq >= first_seq]


@pytest.mark.parametrize("is_connected", [True, False], ids=["found", "not yet read"])
def test_what_was_missed_follows_a_new_position_for_who_was_told_of_none(
    is_connected: bool,
) -> None:
    board = StreamedBoard()
    hub = make_late_hub(board)
    told, other = follow(hub, 5, 6)
    hub.handle_lost()
    hub.listeners.follow_own(told, None)
    assert told.events[-1]["epoch"] == ""
    missed = board.act(UUID(int=5), UUID(int=6))
    if is_connected:
        hub.handle_connected()
    else:
        # The stores did not answer when the bus came back: the next message is the first to tell.
        board.read_top, read_top = refuse, board.read_top  # type: ignore[method-assign]
        hub.handle_connected()
        board.read_top = read_top  # type: ignore[method-assign]
        hub.handle_message(missed)
    told_own = told.kinds("user:self")[-3:]
    assert told_own == ["snapshot", "score_updated", "user_position_changed"]
    assert other.kinds("user:self")[-2:] == told_own[1:]
    assert told.rows == other.rows == board.rows(10)


def refuse() -> Top:
    raise DatabaseUnavailableError


class LateBoard(FakeBoard):
    """A board whose messages lack the ranks of those outside their top, which is short."""

    def __init__(self, top: int = 5) -> None:
        super().__init__()
        self.top = top
        self.marked: list[set[UUID]] = []
        self.asked: list[set[UUID]] = []
        self.while_asked: list[Callable[[], None]] = []

    def mark_listened(self, user_ids: Iterable[UUID]) -> None:
        self.marked.append(set(user_ids))

    def greet(self, user_id: UUID) -> Held | None:
        self.mark_listened([user_id])
        return None

    def act(self, *users: UUID) -> str:
        message = orjson.loads(super().act(*users))
        message.update(ranks={}, scores={}, top=message["top"][: self.top])
        return orjson.dumps(message).decode()

    def find_standings(self, user_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        self.asked.append(set(user_ids))
        for act in self.while_asked:
            act()
        self.while_asked.clear()
        rows = {row.user_id: row for row in super().read_top().standings}
        return {user: rows[user] for user in self.asked[-1]}

    def read_top(self) -> Top:
        top = super().read_top()
        return Top(top.board, top.epoch, top.seq, top.total_users, top.standings[: self.top], NOW)

    def _ranks(self) -> dict[UUID, int]:
        return {row.user_id: row.rank for row in super().read_top().standings}


def make_late_hub(board: FakeBoard) -> Hub:
    hub = Hub(
        board,  # type: ignore[arg-type] # a fake
        yield_turn=lambda: None,
        now=lambda: NOW,
        clock=map(float, count()).__next__,
    )
    hub.handle_connected()
    return hub


def test_a_rank_that_a_message_lacks_is_read_when_somebody_listens_to_the_user() -> None:
    board = LateBoard()
    hub = make_late_hub(board)
    listener = Follower(UUID(int=25))
    hub.listeners.register(listener)
    listener.welcome(hub.listeners.own_position(listener.user_id))
    hub.handle_message(board.act(UUID(int=25), UUID(int=24)))
    assert board.asked == [], "both are in the top now"
    board.scores = {user: score + 1000 for user, score in board.scores.items()}
    board.scores[UUID(int=25)] -= 1000
    hub.handle_message(board.act(UUID(int=25), UUID(int=24)))
    assert board.asked == [{UUID(int=25)}]
    updates = [event for event in listener.events if event["event"] == "score_updated"]
    assert [event["newRank"] for event in updates] == [2, 30]


def test_who_has_just_left_the_top_is_told_to_its_followers_with_the_rank_of_now() -> None:
    board = LateBoard()
    hub = make_late_hub(board)
    (follower,) = follow(hub, 20, limit=5)
    board.scores.update({UUID(int=number): 1000 for number in range(11, 16)})
    hub.handle_message(board.act(UUID(int=5)))
    (update,) = [event for event in follower.events if event["event"] == "score_updated"]
    assert (update["userId"], update["newRank"]) == (str(UUID(int=5)), 6)
    assert follower.rows == board.rows(5)


def test_a_listener_that_came_while_standings_were_read_hears_of_its_own_action() -> None:
    board = LateBoard()
    hub = make_late_hub(board)
    first, late = Follower(UUID(int=25)), Follower(UUID(int=28))

    def come() -> None:
        hub.listeners.register(late)
        late.welcome(hub.listeners.own_position(late.user_id))

    hub.listeners.register(first)
    first.welcome(hub.listeners.own_position(first.user_id))
    board.scores = {user: 1000 + score for user, score in board.scores.items()}
    for user in (first.user_id, late.user_id):
        board.scores[user] = 0
    board.while_asked = [come]
    hub.handle_message(board.act(first.user_id, late.user_id))
    assert late.kinds("user:self")[0] == "score_updated"
    assert board.asked == [{first.user_id}, {late.user_id}]


def test_users_with_listeners_are_announced_before_they_come_and_after_a_resync() -> None:
    board = LateBoard()
    hub = make_late_hub(board)
    board.marked.clear()
    hub.expect(UUID(int=7))
    assert board.marked == [{UUID(int=7)}]
    listener = Follower(UUID(int=7))
    hub.listeners.register(listener)
    hub.expect(UUID(int=7))
    assert len(board.marked) == 1, "it is known already"
    listener.welcome(hub.listeners.own_position(listener.user_id))
    board.seq += 1
    hub.handle_message(board.act(UUID(int=1)))
    assert board.marked[1:] == [{UUID(int=7)}]
    hub.listeners.unregister(listener)
    hub.audience.announce_all()
    assert board.marked[2:] == [set()]
