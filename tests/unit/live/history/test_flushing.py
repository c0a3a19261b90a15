"""When a channel's changes are sent: the first at once, the others in one flush of the window."""

import pytest

from domain.events.changes import MAX_SINGLE_UPDATES
from tests.unit.live.history.resuming_client import LEADERBOARD, OWN, Client
from tests.unit.live.history.scripted_board import NOW, Clock, ScriptedBoard
from web.live.channels import WINDOW_SECONDS
from web.live.hub import Hub


class Watched:
    """A connected hub, and how often it said that it holds something back."""

    def __init__(self) -> None:
        self.clock, self.board, self.held = Clock(), ScriptedBoard(), 0
        self.restart()

    def restart(self) -> None:
        """Have the hub of another process, which knows what the stream has."""
        self.hub = Hub(
            self.board,  # type: ignore[arg-type] # a fake
            yield_turn=lambda: None,
            now=lambda: NOW,
            clock=self.clock,
            on_held=self._count,
        )
        self.hub.handle_connected()

    def _count(self) -> None:
        self.held += 1

    def come(self, user_no: int, limit: int = 10) -> Client:
        """Connect a client that follows the board."""
        client = Client(user_no, limit, self.clock)
        client.connect(self.hub)
        client.resume(self.hub)
        client.events.clear()
        return client

    def act(self, *actions: tuple[int, int]) -> None:
        """Publish a batch."""
        self.hub.handle_message(self.board.act(*actions))

    def pass_time(self, seconds: float) -> float:
        """Let time pass, and return after how long the hub wants to be called again."""
        self.clock.seconds += seconds
        return self.hub.flush_due()


@pytest.fixture
def watched() -> Watched:
    """A hub whose time passes when a test says so."""
    return Watched()


def test_the_first_change_is_sent_at_once_and_the_others_in_one_flush(watched: Watched) -> None:
    client = watched.come(14)
    watched.act((1, 5))
    assert client.kinds(LEADERBOARD) == ["score_updated", "leaderboard_changed"]
    assert watched.held == 0
    client.events.clear()
    watched.act((1, 5), (2, 7))
    watched.act((1, 6))
    assert client.events == []
    assert watched.held
    assert watched.pass_time(WINDOW_SECONDS / 2) == pytest.approx(WINDOW_SECONDS / 2)
    assert client.events == []
    watched.pass_time(WINDOW_SECONDS / 2)
    first, second, changed = client.events
    assert (first["merged"], first["scoreIncrease"], first["from"], first["seq"]) == (2, 11, 1, 3)
    assert (second["merged"], second["scoreIncrease"]) == (1, 7)
    assert (changed["event"], changed["from"], changed["seq"]) == ("leaderboard_changed", 1, 3)


def test_a_flush_that_comes_too_soon_does_not_ask_for_the_next_one(watched: Watched) -> None:
    watched.come(14)
    watched.act((1, 5))
    watched.act((1, 6))
    asked = watched.held
    assert watched.pass_time(WINDOW_SECONDS / 2) == pytest.approx(WINDOW_SECONDS / 2)
    assert watched.held == asked, "its thread would call again at once, until the window is over"


def test_after_a_quiet_window_a_change_is_sent_at_once_again(watched: Watched) -> None:
    client = watched.come(14)
    watched.act((1, 5))
    watched.pass_time(WINDOW_SECONDS)
    client.events.clear()
    watched.act((1, 5))
    assert client.kinds(LEADERBOARD) == ["score_updated", "leaderboard_changed"]


def test_who_comes_within_a_window_is_shown_what_the_others_know(watched: Watched) -> None:
    client = watched.come(14)
    watched.act((1, 5))
    watched.act((2, 50))
    late = watched.come(13)
    assert late.rows == client.rows
    assert late.positions[LEADERBOARD] == client.positions[LEADERBOARD] == ("e0", 1)
    watched.pass_time(WINDOW_SECONDS)
    assert late.rows == client.rows
    assert late.positions[LEADERBOARD] == ("e0", 2)


def test_changes_that_cancel_each_other_are_no_flush(watched: Watched) -> None:
    client = watched.come(14, limit=2)
    watched.act((1, 5))
    client.events.clear()
    watched.act((3, 50))
    watched.act((3, -50))
    watched.pass_time(WINDOW_SECONDS)
    assert client.events == []
    watched.pass_time(WINDOW_SECONDS)
    watched.act((1, 1))
    assert client.events[-1]["from"] == 1


def test_own_events_are_not_delayed_but_many_of_them_are_merged(watched: Watched) -> None:
    client = watched.come(14, limit=1)
    for number in range(1, MAX_SINGLE_UPDATES + 1):
        watched.act((14, 0))
        assert client.merged == len(client.told) == number
    for _ in range(3):
        watched.act((14, 0))
    assert client.merged == MAX_SINGLE_UPDATES
    watched.pass_time(WINDOW_SECONDS)
    assert client.merged == len(client.told) == MAX_SINGLE_UPDATES + 3
    for _ in range(MAX_SINGLE_UPDATES):
        watched.act((14, 0))
    for _ in range(MAX_SINGLE_UPDATES):
        watched.act((14, 0))
    watched.pass_time(WINDOW_SECONDS)
    last = client.events[-1]
    assert (last["event"], last["channel"], last["merged"] > 1) == ("score_updated", OWN, True)
    assert client.merged == 3 * MAX_SINGLE_UPDATES + 3


def test_a_channel_with_nothing_to_say_is_moved_on_so_that_it_can_resume(
    watched: Watched,
) -> None:
    client = watched.come(14, limit=1)
    for _ in range(300):
        watched.act((9, 0))
    watched.pass_time(1.0)
    assert client.kinds(OWN) == client.kinds(LEADERBOARD) == ["subscribed"]
    assert all(event["recovered"] and event["id"] is None for event in client.events)
    assert set(client.positions.values()) == {("e0", 300)}
    watched.act((14, 500))
    assert client.rows == {str(client.user_id): (1, 586)}
