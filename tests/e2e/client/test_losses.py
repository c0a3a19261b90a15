"""What gets lost on the way is noticed, and what a close code asks for is done."""

import json
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute

from tests.e2e.api import Api
from tests.e2e.client.driver import ClientPage
from tests.e2e.client.test_following import read_board
from tests.e2e.stack import Stack

Message = str | bytes


class Wire:
    """The sockets of a page, with the server behind them; what passes is decided here."""

    def __init__(self, client: ClientPage) -> None:
        self.opened: list[WebSocketRoute] = []
        self.passes: Callable[[Message], bool] = lambda _message: True
        client.page.route_web_socket("**/ws", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self.opened.append(socket)
        server = socket.connect_to_server()
        server.on_message(lambda message: self.passes(message) and socket.send(message))
        socket.on_message(lambda message: self.passes(message) and server.send(message))


@pytest.fixture
def wire(client: ClientPage) -> Wire:
    """The wire of the client's page."""
    return Wire(client)


def test_a_change_that_is_lost_is_asked_for(client: ClientPage, wire: Wire, api: Api) -> None:
    client.start().wait_live()
    lost: list[Message] = []

    def lose_one_change(message: Message) -> bool:
        if lost or json.loads(message).get("event") != "leaderboard_changed":
            return True
        lost.append(message)
        return False

    wire.passes = lose_one_change
    player = api.register()
    for _ in range(2):
        assert api.complete(player["accessToken"], 900).status == 200
        client.wait(lambda: len(lost) == 1)
    client.wait(lambda: client.rows == read_board(api))
    client.wait_live()
    assert client.states == ["live", "catching up", "live"]
    assert len(wire.opened) == 1


def test_a_dead_connection_is_found_when_the_network_is_back(
    client: ClientPage, wire: Wire, api: Api
) -> None:
    client.start().wait_live()
    wire.passes = lambda _message: False
    assert api.complete(api.register()["accessToken"], 900).status == 200
    client.ask("dispatchEvent(new Event('online'))")
    client.wait_for("laurel.state.state === 'offline'")
    wire.passes = lambda _message: True
    client.wait_live()
    client.wait(lambda: client.rows == read_board(api))
    assert client.states == ["live", "offline", "catching up", "live"]


def test_a_server_that_goes_away_is_followed_to_the_next(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    client.ask("session.becomeGuest()")
    client.start().wait_live()
    stack.kill("live", signal.SIGTERM)
    client.wait_for("told.states.includes('offline')")
    actions = [client.play(120)]
    client.wait_live()
    client.wait(lambda: client.own_actions == actions)
    client.wait(lambda: client.rows == read_board(api))


@pytest.mark.parametrize("code", [1008, 1011, 4408, 4409, 4429])
def test_after_these_codes_it_comes_back(client: ClientPage, wire: Wire, code: int) -> None:
    client.start().wait_live()
    wire.opened[0].close(code=code)
    client.wait_for("laurel.state.state === 'offline'")
    # Some pauses are long; who looks at the page again does not wait for them.
    client.ask("dispatchEvent(new Event('online'))")
    client.wait_live()
    assert client.states == ["live", "offline", "catching up", "live"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (4501, "The login is not valid"),
        (4505, "This page is too old for the server: reload it"),
        (4599, "The server asks not to come back"),
    ],
)
def test_after_these_codes_it_does_not(
    client: ClientPage, wire: Wire, code: int, text: str
) -> None:
    client.start().wait_live()
    wire.opened[0].close(code=code)
    client.wait_for("laurel.state.state === 'ended'")
    assert client.ask("laurel.state.text") == text
    assert len(wire.opened) == 1
