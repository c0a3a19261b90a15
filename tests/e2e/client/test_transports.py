"""Which way events come: WebSockets, and server-sent events where those do not get through."""

import pytest
from playwright.sync_api import WebSocketRoute

from tests.e2e.api import Api
from tests.e2e.client.driver import ClientPage
from tests.e2e.client.test_following import read_board
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended


def block_sockets(client: ClientPage) -> None:
    """Let no WebSocket of the page through, as some proxies do."""

    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011)

    client.page.route_web_socket("**/ws", refuse)


def test_where_sockets_are_blocked_events_come_as_a_stream(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    block_sockets(client)
    requests: list[str] = []
    client.page.on("request", lambda request: requests.append(request.url))
    client.start().wait_live()
    assert [url for url in requests if "/api/stream?" in url]
    client.ask("session.becomeGuest()")
    actions = [client.play(600)]
    client.wait(lambda: client.own_actions == actions)
    client.wait(lambda: client.rows == read_board(api))

    # Another channel makes another stream, and what is shown goes on.
    before = len(requests)
    client.ask("window.around = laurel.follow('around:self', { limit: 2 })")
    client.wait_for("around.isKnown")
    again = [url for url in requests[before:] if "/api/stream?" in url]
    assert len(again) == 1
    assert "around%3Aself" in again[0]
    actions.append(client.play(50))
    client.wait(lambda: client.own_actions == actions)
    client.wait_for("around.you?.score === 650")

    stack.kill("live")
    client.wait_for("laurel.state.state === 'offline'")
    actions.append(client.play(60))
    client.wait_live()
    client.wait(lambda: client.own_actions == actions)
    client.wait(lambda: client.rows == read_board(api))


def test_a_server_that_is_away_is_no_reason_for_a_stream(client: ClientPage, stack: Stack) -> None:
    client.start().wait_live()
    requests: list[str] = []
    client.page.on("request", lambda request: requests.append(request.url))
    stack.kill("live")
    client.wait_for("laurel.state.state === 'offline'")
    client.wait_live()
    assert not [url for url in requests if "/api/stream" in url]


def test_a_stream_gives_way_to_sockets_that_get_through_again(
    client: ClientPage, stack: Stack
) -> None:
    blocked = True

    def pass_later(socket: WebSocketRoute) -> None:
        if blocked:
            socket.close(code=1011)
        else:
            socket.connect_to_server()

    client.page.route_web_socket("**/ws", pass_later)
    client.start().wait_live()
    blocked = False
    requests: list[str] = []
    client.page.on("request", lambda request: requests.append(request.url))
    stack.kill("live")
    client.wait_for("laurel.state.state === 'offline'")
    client.wait_live()
    action = "session.becomeGuest().then(() => play(5)).then(({ actionId }) => actionId)"
    told = client.ask(action)
    client.wait(lambda: client.own_actions == [told])
