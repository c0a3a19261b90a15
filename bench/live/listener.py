"""One listener: connects, subscribes, follows its positions, and comes back when it was cut off."""

import asyncio
import json
import random
import socket
import time
from typing import Any

from bench.live.frames import CLOSE, PING, PONG, TEXT, handshake, masked, split_frames
from bench.live.seen import Seen
from rig.players import Player

CHANNELS = ("user:self", "leaderboard")
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 4.0
# So many large snapshots fill the kernel's buffers; the next frames wait in the server.
STALLED_SNAPSHOTS, STALLED_LIMIT, STALLED_BUFFER_BYTES = 8, 100, 4096
_HEAD_END = b"\r\n\r\n"
_SWITCHING = b"HTTP/1.1 101"


class Listener(asyncio.Protocol):
    """A socket of one player, or of nobody, who is sent everything and says nothing.

    One that `stalls` reads nothing more once it is subscribed, and comes back when it is cut off.
    """

    def __init__(
        self,
        address: tuple[str, int],
        path: str,
        player: Player | None,
        seen: Seen,
        *,
        stalls: bool = False,
    ):
        self.player = player
        self.score: int | None = None
        self.is_open = asyncio.Event()
        self._address, self._path, self._seen = address, path, seen
        self._stalls = stalls
        self._positions: dict[str, tuple[str, int]] = {}
        self._waiting: set[str] = set()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._is_upgraded = False
        self._is_leaving = False
        self._lost_at: float | None = None
        self._delay = FIRST_DELAY_SECONDS
        self._again: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open the connection; tries again by itself when that fails."""
        loop = asyncio.get_running_loop()
        try:
            made = socket.socket()
            made.setblocking(False)
            if self._stalls:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER_BYTES)
            await loop.sock_connect(made, self._address)
            await loop.create_connection(lambda: self, sock=made)
        except OSError:
            self._come_back()

    def leave(self) -> None:
        """Close, and do not come back."""
        self._is_leaving = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._is_upgraded = transport, False
        self._buffer.clear()
        token = self.player.token if self.player else ""
        transport.write(handshake(f"{self._address[0]}:{self._address[1]}", self._path, token))

    def connection_lost(self, _error: Exception | None) -> None:
        if self._is_leaving:
            return
        if self._is_upgraded:
            self._seen.lost += 1
            self.is_open.clear()
        self._lost_at = self._lost_at or time.time()
        self._come_back()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_upgraded and not self._upgrade():
            return
        for opcode, payload in split_frames(self._buffer):
            if opcode == TEXT:
                self._receive(payload)
            elif opcode == PING:
                self._send(masked(PONG, payload))
            elif opcode == CLOSE and self._transport is not None:
                self._transport.abort()

    def _come_back(self) -> None:
        delay = random.uniform(0, self._delay)  # noqa: S311 - spreads load
        self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)

        async def connect_later() -> None:
            await asyncio.sleep(delay)
            await self.connect()

        self._again = asyncio.ensure_future(connect_later())

    def _upgrade(self) -> bool:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return False
        if not self._buffer.startswith(_SWITCHING):
            assert self._transport is not None
            self._transport.abort()
            return False
        del self._buffer[: end + len(_HEAD_END)]
        self._is_upgraded, self._delay = True, FIRST_DELAY_SECONDS
        if self.player is None:
            self.is_open.set()
            return True
        self._waiting = set(CHANNELS)
        for channel in CHANNELS:
            op: dict[str, Any] = {"op": "subscribe", "id": channel, "channel": channel}
            if channel in self._positions:
                epoch, seq = self._positions[channel]
                op["since"] = {"epoch": epoch, "seq": seq}
            self._send(masked(TEXT, json.dumps(op).encode()))
        return True

    def _send(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def _receive(self, payload: bytes) -> None:
        event = self._seen.take(payload)
        channel = event.get("channel")
        if self.player is None or channel not in CHANNELS:
            return
        position = (event["epoch"], event["seq"])
        if event["event"] == "subscribed":
            is_asked = event["id"] is not None
            if is_asked:
                self._note_answer(channel, event["recovered"])
            # After an answer that has recovered the events lead there; others are there at once.
            if not (is_asked and event["recovered"]):
                self._positions[channel] = position
            return
        if self._lost_at is not None and channel in self._waiting:
            return  # the answer to the resume will tell it
        self._move(channel, event, position)
        if channel == CHANNELS[0]:
            you = event.get("you") or {}
            self.score = event.get("newScore", you.get("score", self.score))

    def _move(self, channel: str, event: dict[str, Any], position: tuple[str, int]) -> None:
        """Note the position after an event, and whether one before it is missing."""
        if event["event"] != "snapshot":
            # One's own events come before one asks for them.
            before = self._positions.get(channel, position)
            if before not in (position, (event["epoch"], event["from"])):
                self._seen.note_hole(before, event)
        self._positions[channel] = position

    def _note_answer(self, channel: str, is_recovered: bool) -> None:
        if self._lost_at is not None:
            self._seen.note_resumed(is_recovered)
        self._waiting.discard(channel)
        if not self._waiting:
            if self._lost_at is not None:
                self._seen.back_seconds.append(time.time() - self._lost_at)
            self._lost_at = None
            self.is_open.set()
            if self._stalls:
                self._stall()

    def _stall(self) -> None:
        op = {"op": "subscribe", "channel": CHANNELS[1], "limit": STALLED_LIMIT}
        for _ in range(STALLED_SNAPSHOTS):
            self._send(masked(TEXT, json.dumps(op).encode()))
        assert self._transport is not None
        self._transport.pause_reading()
