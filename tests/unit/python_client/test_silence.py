"""A connection whose other end is gone without a word is given up, and opened again."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from laurel_client import AsyncLive, Live, aio_live, live
from websockets.protocol import State
from websockets.server import ServerProtocol

WELCOME = b'{"event":"welcome"}'
CLOSE_FRAME = 0x88


class MuteThenWell:
    """A server whose first connection never says a word, and whose second one does."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._server.getsockname()[1]}/ws"
        self.accepted = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.accepted += 1
            is_mute = self.accepted == 1
            threading.Thread(target=self._talk, args=(connection, is_mute), daemon=True).start()

    def _talk(self, connection: socket.socket, is_mute: bool) -> None:
        protocol = ServerProtocol(subprotocols=["laurel.v1"])  # type: ignore[list-item]
        with connection:
            while data := connection.recv(4096):
                if is_mute and protocol.state is not State.CONNECTING:
                    if data[0] == CLOSE_FRAME:
                        return
                    continue
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if protocol.state is State.CONNECTING:
                        protocol.send_response(protocol.accept(event))  # type: ignore[arg-type]
                        if not is_mute:
                            protocol.send_text(WELCOME)
                connection.sendall(b"".join(protocol.data_to_send()))
                if protocol.close_expected():
                    return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MuteThenWell]:
    for module in (live, aio_live):
        monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    server = MuteThenWell()
    yield server
    server.close()


def test_with_threads(server: MuteThenWell) -> None:
    with Live(lambda: server.url, lambda *, is_new: "token") as listening:
        assert next(iter(listening))["event"] == "welcome"
    assert server.accepted == 2


def test_with_asyncio(server: MuteThenWell) -> None:
    async def find_url() -> str:
        return server.url

    async def find_token(*, is_new: bool) -> str:
        return "token"

    async def hear() -> dict[str, Any]:
        async with AsyncLive(find_url, find_token) as listening:
            async for event in listening:
                return event
        raise AssertionError("the connection ended")

    assert asyncio.run(hear())["event"] == "welcome"
    assert server.accepted == 2
