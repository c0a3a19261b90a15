"""A listener: a real WebSocket client that speaks `laurel.v1`."""

import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import orjson
import websocket
from websocket import ABNF

from tests.web.live.description.described import check_event

TIMEOUT_SECONDS = 5.0


class Listener:
    """One open socket; what it receives is read message by message."""

    def __init__(self, url: str, headers: Sequence[str], **options: Any):
        options = {"subprotocols": ["laurel.v1"], "suppress_origin": True, **options}
        self.raw = websocket.create_connection(
            url, header=list(headers), timeout=TIMEOUT_SECONDS, **options
        )

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.raw.shutdown()

    def say(self, **message: Any) -> None:
        """Send one message."""
        self.raw.send(orjson.dumps(message).decode())

    def hear(self) -> dict[str, Any]:
        """Return the next event."""
        opcode, data = self.raw.recv_data()
        if opcode != ABNF.OPCODE_TEXT:
            raise AssertionError(f"not an event but opcode {opcode}: {data!r}")
        check_event(data)
        event: dict[str, Any] = orjson.loads(data)
        return event

    def hear_until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next event of this kind with these fields; what comes before is dropped."""
        while True:
            event = self.hear()
            if event["event"] == kind and fields.items() <= event.items():
                return event

    def hears_nothing(self, seconds: float = 0.4, *, channel: str | None = None) -> bool:
        """Return whether no event comes for a while: none at all, or none of this channel."""
        self.raw.settimeout(seconds)
        try:
            event = self.hear()
            while channel is not None and event.get("channel") != channel:
                event = self.hear()
        except websocket.WebSocketTimeoutException:
            return True
        finally:
            self.raw.settimeout(TIMEOUT_SECONDS)
        return False

    def close_code(self, *, timeout_seconds: float = TIMEOUT_SECONDS) -> int:
        """Return the code with which the server closes; events before it are dropped."""
        self.raw.settimeout(timeout_seconds)
        while True:
            opcode, data = self.raw.recv_data()
            if opcode == ABNF.OPCODE_CLOSE:
                code: int = struct.unpack("!H", data[:2])[0]
                return code

    def subscribe(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Subscribe to the leaderboard and return `subscribed` and the snapshot."""
        self.say(op="subscribe", channel="leaderboard", id="sub", **options)
        return self.hear_until("subscribed", id="sub"), self.hear_until("snapshot")
