"""A small asynchronous HTTP client; used by the load and by scenarios that send requests.

Its `Sent` is a line of the sent log: one request with its answer.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from local.ports import LOOPBACK
from rig.actions import Entry
from rig.http_messages import BROKEN, request_head, split_answer
from rig.players import Player

GIVE_UP_SECONDS = 15.0
RECEIVE_BYTES = 65_536

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Sent:
    """One request and its answer; `status` is BROKEN when there was none."""

    kind: str  # `action` or `read`
    action_id: str
    user_id: str
    score: int
    status: int
    sent_at: float  # seconds since the epoch
    seconds: float

    def as_line(self) -> str:
        """Return it as a line of a file of sent requests."""
        return "\t".join(map(str, vars(self).values())) + "\n"


def read_sent(path: Path) -> list[Sent]:
    """Return the requests in a file of sent requests."""
    return [_parse(line) for line in path.read_text().splitlines()]


def _parse(line: str) -> Sent:
    kind, action_id, user_id, score, status, sent_at, seconds = line.split("\t")
    return Sent(kind, action_id, user_id, int(score), int(status), float(sent_at), float(seconds))


class Client:
    """Opens a connection for each request in flight, and reuses those that are idle and intact."""

    def __init__(self, port: int):
        self._port = port
        self._idle: list[Stream] = []

    async def complete(self, player: Player, members: str, entry: Entry) -> tuple[Sent, bytes]:
        """Post one action; return the request with its status, and the body of the answer."""
        body = f"{{{members}}}".encode()
        request = request_head("POST", "/api/actions/complete", LOOPBACK, player.token, len(body))
        action_id, _, score = entry
        return await self._send("action", request + body, action_id, player.user_id, score)

    async def read(self, player: Player, path: str) -> Sent:
        """Send a GET; return the request with its status."""
        request = request_head("GET", path, LOOPBACK, player.token)
        return (await self._send("read", request, "", player.user_id, 0))[0]

    async def call(
        self, method: str, path: str, token: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Send a request with a JSON body or none; return status and body of the answer."""
        length = None if body is None else len(body)
        return await self._call(request_head(method, path, LOOPBACK, token, length) + (body or b""))

    async def _send(
        self, kind: str, request: bytes, action_id: str, user_id: str, score: int
    ) -> tuple[Sent, bytes]:
        sent_at, started = time.time(), time.perf_counter()
        status, body = await self._call(request)
        seconds = time.perf_counter() - started
        return Sent(kind, action_id, user_id, score, status, sent_at, seconds), body

    async def _call(self, request: bytes) -> tuple[int, bytes]:
        stream: Stream | None = None
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                stream = self._take_idle() or await asyncio.open_connection(LOOPBACK, self._port)
                stream[1].write(request)
                status, body = await _receive(stream[0])
        except (OSError, TimeoutError):
            if stream is not None:
                stream[1].close()
            return BROKEN, b""
        self._idle.append(stream)
        return status, body

    def _take_idle(self) -> Stream | None:
        while self._idle:
            stream = self._idle.pop()
            if not stream[0].at_eof():
                return stream
            stream[1].close()
        return None

    def close(self) -> None:
        """Close the idle connections."""
        for _, writer in self._idle:
            writer.close()


async def _receive(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    buffer = b""
    while data := await reader.read(RECEIVE_BYTES):
        buffer += data
        answer = split_answer(buffer)
        if answer is not None:
            return answer[0], answer[1]
    raise ConnectionResetError("the server closed the connection")
