"""The Python client's connection, with servers that behave as ours does in bad times."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from laurel_client import ApiError, Laurel, LiveEndedError, aio_live, live
from laurel_client.aio_live import AsyncLive
from laurel_client.live import Live
from websockets.http11 import Request
from websockets.server import ServerProtocol

WELCOME = b'{"event":"welcome"}'


def greet(connection: socket.socket) -> None:
    """Do the handshake, and say nothing but the welcome."""
    protocol = ServerProtocol(subprotocols=["laurel.v1"])  # type: ignore[list-item]
    while not (events := protocol.events_received()):
        protocol.receive_data(connection.recv(4096))
    assert isinstance(events[0], Request)
    protocol.send_response(protocol.accept(events[0]))
    protocol.send_text(WELCOME)
    connection.sendall(b"".join(protocol.data_to_send()))


@contextmanager
def silent_server() -> Iterator[str]:
    """Serve the address of a server which greets everybody, and then answers nothing at all."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        kept = []

        def serve() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return
                greet(kept[-1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/ws"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def find_token(*, is_new: bool) -> str:
    return f"token {is_new}"


def fail_first(url: str, status: int) -> Callable[[], str]:
    """Return a `find_url` that is refused with this status once."""
    answers = iter([ApiError(status, {}), url])

    def find_url() -> str:
        answer = next(answers)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    return find_url


def test_a_server_that_answers_no_ping_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SILENCE_SECONDS", 0.1)
    with silent_server() as url, Live(lambda: url, find_token) as connection:
        welcomes = iter(connection)
        # The second one is of another connection.
        assert [next(welcomes)["event"] for _ in range(2)] == ["welcome", "welcome"]


def test_a_server_that_answers_no_ping_is_left_with_asyncio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aio_live, "SILENCE_SECONDS", 0.1)

    async def listen(url: str) -> list[str]:
        async def find_url() -> str:
            return url

        async def find_async_token(*, is_new: bool) -> str:
            return find_token(is_new=is_new)

        async with AsyncLive(find_url, find_async_token) as connection:
            heard = []
            async for event in connection:
                heard.append(event["event"])
                if len(heard) == 2:
                    break
            return heard

    with silent_server() as url:
        assert asyncio.run(listen(url)) == ["welcome", "welcome"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_gives_no_ticket_now_is_asked_again(status: int) -> None:
    with silent_server() as url, Live(fail_first(url, status), find_token) as connection:
        assert next(iter(connection))["event"] == "welcome"


def test_a_caller_who_is_refused_is_told() -> None:
    connection = Live(fail_first("", 403), find_token)
    with pytest.raises(ApiError), connection:
        next(iter(connection))


@contextmanager
def server_of_ended_tokens() -> Iterator[str]:
    """Serve the address of a server which says of everybody's token that it has ended."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            end = b"\x88\x02" + (4401).to_bytes(2, "big")
            connection, _ = server.accept()
            with connection:
                greet(connection)
                connection.sendall(end)
                connection.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/ws"
        thread.join()


def find_no_other(*, is_new: bool) -> str:
    if is_new:
        raise LiveEndedError(4401, "there is no other")
    return "token"


def test_an_ended_token_that_nothing_renews_ends_the_listening() -> None:
    with (
        server_of_ended_tokens() as url,
        Live(lambda: url, find_no_other) as connection,
        pytest.raises(LiveEndedError, match="4401"),
    ):
        for event in connection:
            assert event == {"event": "welcome"}


def test_an_ended_token_that_nothing_renews_ends_the_listening_with_asyncio() -> None:
    async def listen() -> None:
        async def find_url() -> str:
            return url

        async def find_token(*, is_new: bool) -> str:
            return find_no_other(is_new=is_new)

        async with AsyncLive(find_url, find_token) as connection:
            async for event in connection:
                assert event == {"event": "welcome"}

    with server_of_ended_tokens() as url, pytest.raises(LiveEndedError, match="4401"):
        asyncio.run(listen())


def test_a_plain_token_cannot_be_renewed() -> None:
    laurel = Laurel("http://127.0.0.1:1", token="of somebody")
    with laurel, pytest.raises(LiveEndedError, match="renew"):
        laurel.live()._find_token(is_new=True)
