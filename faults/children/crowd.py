"""As `python -m`: thousands of sockets that follow the board and come back when cut.

Job as JSON in the first line of stdin, then orders: `drop N` cuts N of them, `wait N` waits until N
were cut by somebody. Each order, and the opening itself, is answered by one line of JSON once
everybody is back.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from faults.client import HOST, read_players

COME_BACK_SECONDS = 0.2
BACK_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.05
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: laurel.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
)
# The first row only: whoever does not stand there is not heard of, as with most sockets.
SUBSCRIBE = b'{"op":"subscribe","id":1,"channel":"leaderboard","limit":1}'
SNAPSHOT = b'"event":"snapshot"'
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@dataclass(frozen=True, kw_only=True)
class Job:
    """How many sockets, and where."""

    live_port: int
    players: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an order ended."""

    cut: int
    """Sockets that were without a connection at some time since the order before."""
    missing: int
    """Those that still have no snapshot."""
    slowest_seconds: float
    """The longest from a cut to the next snapshot."""


class Member(asyncio.Protocol):
    """One socket; its transport is another after each cut."""

    def __init__(self, handshake: bytes):
        self.handshake = handshake
        self.cut_at = time.monotonic()
        self.back_at = 0.0
        self._buffer = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()

    @property
    def is_back(self) -> bool:
        """Whether it has had a snapshot since it was cut."""
        return self.back_at > self.cut_at

    def drop(self) -> None:
        """Cut it without a word."""
        self.cut_at = time.monotonic()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer, self._is_open = b"", False
        transport.write(self.handshake)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note when it was cut."""
        if self.is_back:
            self.cut_at = time.monotonic()
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        """Take what comes: the upgrade, then frames."""
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self._close()
                return
            self._is_open, self._buffer = True, rest
            self._send(TEXT, SUBSCRIBE)
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Take a whole frame off the buffer; servers do not mask and ours does not split."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length > 125:
            size = 2 if length == 126 else 8
            start += size
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start])
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[0] & 0xF, buffer[start : start + length]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and not self.is_back and SNAPSHOT in payload:
            self.back_at = time.monotonic()
        elif opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self._close()

    def _send(self, opcode: int, payload: bytes) -> None:
        """Send a frame, masked with zeros: nobody on the way has to be kept from reading it."""
        if self._transport is not None:
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Crowd:
    """All of them, each opened again whenever it ends."""

    def __init__(self, job: Job):
        self._asked_at = time.monotonic()
        tokens = [player.token for player in read_players(Path(job.players))]
        heads = [
            HANDSHAKE.format(host=HOST, port=job.live_port, token=token).encode()
            for token in tokens
        ]
        self.members = [Member(head) for head in islice(cycle(heads), job.count)]
        self._port = job.live_port
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Open all of them."""
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._keep(member)) for member in self.members]

    async def _keep(self, member: Member) -> None:
        loop = asyncio.get_running_loop()
        while True:
            member.ended.clear()
            try:
                await loop.create_connection(lambda: member, HOST, self._port)
            except OSError:
                await asyncio.sleep(COME_BACK_SECONDS)
                continue
            await member.ended.wait()
            if not member.is_back and time.monotonic() - member.cut_at > COME_BACK_SECONDS:
                # Refused or not yet welcome; whoever was just cut comes back at once.
                await asyncio.sleep(COME_BACK_SECONDS)

    def drop(self, count: int) -> None:
        """Cut so many in one moment."""
        self._asked_at = time.monotonic()
        for member in self.members[:count]:
            member.drop()

    async def wait(self, count: int) -> Answer:
        """Wait until so many were cut and all have a snapshot, or the time is over."""
        deadline = time.monotonic() + BACK_SECONDS
        while True:
            cut = [member for member in self.members if member.cut_at >= self._asked_at]
            missing = sum(not member.is_back for member in self.members)
            if (len(cut) >= count and not missing) or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        self._asked_at = time.monotonic()
        slowest = max((member.back_at - member.cut_at for member in cut), default=0.0)
        return Answer(cut=len(cut), missing=missing, slowest_seconds=round(slowest, 2))


async def _obey(crowd: Crowd) -> None:
    loop = asyncio.get_running_loop()
    crowd.start()
    order = f"wait {len(crowd.members)}"
    while order:
        word, _, number = order.partition(" ")
        if word == "drop":
            crowd.drop(int(number))
        _say(await crowd.wait(int(number)))
        order = await loop.run_in_executor(None, sys.stdin.readline)


def _say(answer: Answer) -> None:
    sys.stdout.write(json.dumps(asdict(answer)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Follow orders until stdin closes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_obey(Crowd(Job(**json.loads(sys.stdin.readline())))))


if __name__ == "__main__":
    main()
