"""`python -m faults.children.crowd`: thousands of sockets that reconnect when they are closed.

The first line of stdin is the job, as JSON; then come commands: `drop N` closes N sockets, `wait N`
waits until N were closed by the server. The start and each command are answered by one line of
JSON when all sockets are connected again.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from local.ports import LOOPBACK
from rig.players import read_players

RECONNECT_SECONDS = 0.2
CONNECTED_SECONDS = 60.0
CHECK_EVERY_SECONDS = 0.05
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: laurel.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
)
# One row only, so that most actions cause no message, as for most sockets in practice.
SUBSCRIBE = b'{"op":"subscribe","id":1,"channel":"leaderboard","limit":1}'
SNAPSHOT = b'"event":"snapshot"'
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@dataclass(frozen=True, kw_only=True)
class Job:
    """How many sockets to open, and where."""

    live_port: int
    players: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of a command."""

    cut: int
    """Sockets that were disconnected at some time since the previous command."""
    missing: int
    """Sockets that have no snapshot yet."""
    slowest_seconds: float
    """The longest time from a disconnection to the next snapshot."""


class Member(asyncio.Protocol):
    """One socket; each reconnection gives it a new transport."""

    def __init__(self, handshake: bytes):
        self.handshake = handshake
        self.cut_at = time.monotonic()
        self.snapshot_at = 0.0
        self._buffer = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()

    @property
    def has_snapshot(self) -> bool:
        """Return whether it has received a snapshot since it was disconnected."""
        return self.snapshot_at > self.cut_at

    def drop(self) -> None:
        """Abort the connection, without a close frame."""
        self.cut_at = time.monotonic()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer, self._is_open = b"", False
        transport.write(self.handshake)

    def connection_lost(self, exc: Exception | None) -> None:
        """Record when it was disconnected."""
        if self.has_snapshot:
            self.cut_at = time.monotonic()
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        """Handle the answer to the handshake, then frames."""
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
            self._handle(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Return the next complete frame: servers do not mask, and ours does not fragment."""
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

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and not self.has_snapshot and SNAPSHOT in payload:
            self.snapshot_at = time.monotonic()
        elif opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self._close()

    def _send(self, opcode: int, payload: bytes) -> None:
        """Send a frame, masked with zeros: no proxy has to be protected from its contents."""
        if self._transport is not None:
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Crowd:
    """All sockets, each opened again whenever it ends."""

    def __init__(self, job: Job):
        self._command_at = time.monotonic()
        tokens = [player.token for player in read_players(Path(job.players))[0]]
        heads = [
            HANDSHAKE.format(host=LOOPBACK, port=job.live_port, token=token).encode()
            for token in tokens
        ]
        self.members = [Member(head) for head in islice(cycle(heads), job.count)]
        self._port = job.live_port
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Open all sockets."""
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._keep_open(member)) for member in self.members]

    async def _keep_open(self, member: Member) -> None:
        loop = asyncio.get_running_loop()
        while True:
            member.ended.clear()
            try:
                await loop.create_connection(lambda: member, LOOPBACK, self._port)
            except OSError:
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            await member.ended.wait()
            if not member.has_snapshot and time.monotonic() - member.cut_at > RECONNECT_SECONDS:
                # Refused before a snapshot. A socket that was just closed reconnects at once.
                await asyncio.sleep(RECONNECT_SECONDS)

    def drop(self, count: int) -> None:
        """Abort the connections of `count` sockets at once."""
        self._command_at = time.monotonic()
        for member in self.members[:count]:
            member.drop()

    async def wait(self, count: int) -> Answer:
        """Wait until `count` were disconnected and all have a snapshot, or for 60 s."""
        deadline = time.monotonic() + CONNECTED_SECONDS
        while True:
            cut = [member for member in self.members if member.cut_at >= self._command_at]
            missing = sum(not member.has_snapshot for member in self.members)
            if (len(cut) >= count and not missing) or time.monotonic() > deadline:
                break
            await asyncio.sleep(CHECK_EVERY_SECONDS)
        self._command_at = time.monotonic()
        slowest = max((member.snapshot_at - member.cut_at for member in cut), default=0.0)
        return Answer(cut=len(cut), missing=missing, slowest_seconds=round(slowest, 2))


async def _run(crowd: Crowd) -> None:
    loop = asyncio.get_running_loop()
    crowd.start()
    command = f"wait {len(crowd.members)}"
    while command:
        word, _, number = command.partition(" ")
        if word == "drop":
            crowd.drop(int(number))
        _print(await crowd.wait(int(number)))
        command = await loop.run_in_executor(None, sys.stdin.readline)


def _print(answer: Answer) -> None:
    sys.stdout.write(json.dumps(asdict(answer)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run commands until stdin is closed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_run(Crowd(Job(**json.loads(sys.stdin.readline())))))


if __name__ == "__main__":
    main()
