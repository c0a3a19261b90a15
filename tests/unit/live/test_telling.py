"""Those whom others moved hear of it through the hub, by events that lead their channels on.

`Follower` fails on an event that does not lead on from where it is.
"""

import random
from collections.abc import Iterable, Mapping
from uuid import UUID

import orjson
import pytest

from domain.boards.followed import Moved
from domain.boards.model import Held, Standing
from tests.unit.live.test_hub import NOW, FakeBoard, Follower
from web.live.channels import WINDOW_SECONDS
from web.live.hub import Hub
from web.live.outgoing import Outgoing
from web.live.standings.watch import LOOK_SECONDS, MESSAGE_SECONDS

PLAYERS = [UUID(int=number) for number in range(1, 31)]


class WatchedBoard(FakeBoard):
    """A board that can be asked for ranks."""

    def find_moved(self, known: Mapping[UUID, Held | None]) -> Moved:
        held = {user: self.greet(user) for user in known}
        return Moved(
            {
                user: now
                for user, now in held.items()
                if (before := known[user]) is None or before.rank != now.rank
            },
            asked_sql=False,
        )

    def greet(self, user: UUID) -> Held:
        return Held(self._ranks().get(user), self.scores.get(user, 0))

    def find_standings(self, user_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        rows = {row.user_id: row for row in self.read_top().standings}
        return {user: rows[user] for user in user_ids if user in rows}

    def ban(self, user: UUID) -> str:
        """Take a user off the board and return the message, which has no action."""
        del self.scores[user]
        return self.act()

    def rank(self, user: UUID) -> int | None:
        return self._ranks().get(user)


class Player(Follower):
    """A client that shows the rank that it was told last; it asked for it when it came."""

    def __init__(self, user_id: UUID, rank: int | None):
        super().__init__(user_id)
        self.rank = rank

    def send(self, outgoing: Outgoing) -> None:
        super().send(outgoing)
        for event in map(orjson.loads, outgoing.payloads):
            if event["channel"] == "user:self" and "newRank" in event:
                self.rank = event["newRank"]
            elif event["event"] == "snapshot" and event["channel"] == "user:self":
                self.rank = event["you"]["rank"] if event["you"] else None

    @property
    def moves(self) -> list[tuple[int | None, int, str]]:
        """The changes of the position that it was told."""
        return [
            (event["previousRank"], event["newRank"], event["reason"])
            for event in self.events
            if event["event"] == "user_position_changed"
        ]


class Case:
    """A hub, its board, and the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.board = WatchedBoard()
        self.hub = Hub(
            self.board,  # type: ignore[arg-type] # a fake
            yield_turn=lambda: None,
            now=lambda: NOW,
            clock=lambda: self.now,
        )
        self.hub.handle_connected()
        self.players: list[Player] = []

    def come(self, number: int) -> Player:
        """Let a listener come, with the rank of now."""
        user = UUID(int=number)
        self.hub.expect(user)
        player = Player(user, self.board.rank(user))
        self.hub.listeners.register(player)
        player.welcome(self.hub.listeners.own_position(user))
        self.players.append(player)
        return player

    def look(self, seconds: float = LOOK_SECONDS) -> None:
        self.now += seconds
        self.hub.flush_due()
        self.hub.tell_moved()

    def check(self) -> None:
        """Let time pass, and see that everybody knows its rank."""
        self.look(MESSAGE_SECONDS)
        self.look(MESSAGE_SECONDS)
        for player in self.players:
            true = self.board.rank(player.user_id)
            assert player.rank == true or true is None


@pytest.fixture
def case() -> Case:
    """Thirty players of 99 to 70 points."""
    return Case()


def test_whoever_others_pass_hears_of_it_once(case: Case) -> None:
    player, other = case.come(20), case.come(20)
    case.hub.handle_message(case.board.act(UUID(int=30)))
    case.look()
    case.look()
    for each in (player, other):
        assert each.moves == [(20, 21, "overtaken")]
        (event,) = each.events
        assert (event["userId"], event["newScore"], event["scoreIncrease"]) == (
            str(each.user_id),
            80,
            0,
        )
        assert (event["from"], event["seq"], event["channel"]) == (1, 2, "user:self")
    case.hub.handle_message(case.board.ban(UUID(int=1)))
    case.look()
    assert player.moves[1:] == [(21, 20, "advanced")]


def test_what_a_message_has_told_is_not_told_again(case: Case) -> None:
    player = case.come(20)
    case.hub.handle_message(case.board.act(UUID(int=20), UUID(int=25)))
    told = len(player.events)
    assert player.rank == case.board.rank(UUID(int=20))
    case.look()
    case.look()
    assert len(player.events) == told


def test_events_lead_on_through_actions_and_the_ranks_of_others(case: Case) -> None:
    player = case.come(20)
    case.hub.handle_message(case.board.act(UUID(int=29)))
    case.look()
    case.hub.handle_message(case.board.act(UUID(int=28)))
    case.hub.handle_message(case.board.act(UUID(int=20)))
    case.look()
    case.hub.handle_message(case.board.act(UUID(int=27), UUID(int=27)))
    case.look()
    kinds = [event["event"] for event in player.events]
    assert kinds.count("score_updated") == 1
    assert player.rank == case.board.rank(UUID(int=20)) == 2


def test_a_rank_that_is_ahead_of_the_bus_waits_for_its_message(case: Case) -> None:
    player = case.come(20)
    case.hub.handle_message(case.board.act(UUID(int=20)))
    message = case.board.act(UUID(int=30), UUID(int=30))
    heard = len(player.events)
    case.hub.watch.mark_changed()
    case.look()
    assert len(player.events) == heard
    case.hub.handle_message(message)
    case.look()
    assert player.moves[-1] == (1, 2, "overtaken")


def test_actions_that_are_held_back_are_not_passed(case: Case) -> None:
    player = case.come(20)
    for _ in range(3):
        case.hub.handle_message(case.board.act(*[UUID(int=20)] * 10))
    case.hub.handle_message(case.board.act(UUID(int=30)))
    case.hub.watch.mark_changed()
    case.now += LOOK_SECONDS
    case.hub.tell_moved()
    case.now += WINDOW_SECONDS
    case.hub.flush_due()
    merged = [event["merged"] for event in player.events if event["event"] == "score_updated"]
    assert sum(merged) == 30
    case.check()


def test_while_the_bus_is_lost_a_snapshot_says_it(case: Case) -> None:
    player, other = case.come(20), case.come(1)
    case.hub.handle_lost()
    case.board.act(UUID(int=10))
    case.board.act(UUID(int=30))
    case.look()
    assert [event["event"] for event in player.events] == ["subscribed", "snapshot"]
    assert player.events[1]["you"]["rank"] == 21
    assert (player.events[1]["epoch"], player.events[1]["seq"]) == ("", 0)
    assert other.rank == 3
    case.look()
    assert len(player.events) == 2
    case.hub.handle_connected()
    assert player.events[-1]["seq"] == 3
    case.hub.handle_message(case.board.act(UUID(int=30)))
    case.check()


class Days:
    """What happens to a case, at random; the same for the same seed."""

    def __init__(self, case: Case, seed: int):
        self.chance = random.Random(seed)
        self.late: list[str] = []
        self._case = case
        for number in self.chance.sample(range(1, 31), 8):
            case.come(number)

    def pass_one(self) -> None:
        self._case.now += self.chance.choice([0.01, 0.1, 0.5])
        self._case.hub.flush_due()
        things = [self._case.look, self._come, self._go, self._lose_bus, self._act_late]
        things += [self._miss_message, *[self._act] * 4]
        self.chance.choice(things)()

    def deliver(self) -> None:
        for message in self.late:
            self._case.hub.handle_message(message)
        self.late.clear()

    def _act(self) -> None:
        users = self.chance.choices(PLAYERS, k=self.chance.randrange(1, 20))
        self.late.append(self._case.board.act(*users))
        self.deliver()

    def _act_late(self) -> None:
        """Its message comes with the others'."""
        self.late.append(self._case.board.act(self.chance.choice(PLAYERS)))

    def _miss_message(self) -> None:
        if not self.late:
            self._case.board.act(self.chance.choice(PLAYERS))

    def _lose_bus(self) -> None:
        if not self.late:
            self._case.hub.handle_lost()
            self._miss_message()
            self._case.look()
            self._case.hub.handle_connected()

    def _come(self) -> None:
        self._case.come(self.chance.randrange(1, 31))

    def _go(self) -> None:
        players = self._case.players
        if len(players) > 4:
            self._case.hub.listeners.unregister(players.pop(self.chance.randrange(len(players))))


@pytest.mark.parametrize("seed", range(30))
def test_everybody_ends_with_its_true_rank_whatever_happens(case: Case, seed: int) -> None:
    days = Days(case, seed)
    for _ in range(60):
        days.pass_one()
    days.late.append(case.board.act(UUID(int=30)))
    days.deliver()
    case.check()
