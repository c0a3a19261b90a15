"""The state of a live connection, without any I/O: what to say, and what an event means.

`live.py` and `aio_live.py` carry it over a WebSocket.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from laurel_client.channels import OWN, Channel
from laurel_client.errors import LiveEndedError, UnreachableError

SUBPROTOCOL = "laurel.v1"
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 15.0
# The server pings about every 25 s and cuts who does not answer within 10.
SILENCE_SECONDS = 40.0
# Whoever leaves does not wait long for the goodbye of a server that may say nothing any more.
CLOSE_SECONDS = 1.0
TOKEN_ENDED = 4401
# The answer to a question that is another one in a moment.
NOT_NOW = frozenset(
    {"SERVICE_UNAVAILABLE", "BOARD_BUILDING", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR"}
)
DO_NOT_COME_BACK = range(4500, 4600)


class LiveState:
    """The followed channels of one connection, over all its reconnections."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {OWN: Channel(OWN, {})}
        self.renews_token = False
        self._number = 0
        self._delay = FIRST_DELAY_SECONDS
        self._asked_delay: float | None = None

    def follow(self, name: str, **wish: Any) -> Channel:
        """Return a new channel of this name; `subscribe` says what to send for it."""
        given = {key: value for key, value in wish.items() if value is not None}
        channel = self.channels[name] = Channel(name, given)
        return channel

    def leave(self, name: str) -> str | None:
        """Forget a channel; return the message to send, None for one that was not followed."""
        if self.channels.pop(name, None) is None:
            return None
        return self._say(op="unsubscribe", channel=name)

    def subscribe(self, channel: Channel) -> str:
        """Return the message that asks for a channel."""
        self._number += 1
        return json.dumps(channel.subscription(self._number))

    def opened(self) -> Iterator[str]:
        """Return what to send on a connection that has just been opened."""
        return map(self.subscribe, tuple(self.channels.values()))

    def lost(self) -> None:
        """Note that the connection is gone."""
        for channel in self.channels.values():
            channel.is_current = False

    def next_delay(self) -> float:
        """Return the seconds to wait before connecting again."""
        if self._asked_delay is not None:
            asked, self._asked_delay = self._asked_delay, None
            return asked
        delay = self._delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnections
        self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)
        return delay

    def closed(self, code: int, reason: str) -> None:
        """Note how the server closed. Raises LiveEndedError when it asks not to come back."""
        self.lost()
        if code in DO_NOT_COME_BACK:
            raise LiveEndedError(code, reason)
        self.renews_token = code == TOKEN_ENDED

    def receive(self, text: str | bytes) -> tuple[dict[str, Any] | None, list[str]]:
        """Return the event in a message, and what to answer; None for one that is told again.

        Raises UnreachableError when the server cannot answer a question now.
        """
        event: dict[str, Any] = json.loads(text)
        match event["event"]:
            case "subscribed":
                self._delay = FIRST_DELAY_SECONDS
            case "going_away":
                self._asked_delay = event["retryAfterMs"] / 1000
            case "auth_expiring":
                self.renews_token = True
            case "error" if event["code"] in NOT_NOW:
                raise UnreachableError(event["message"])
        channel = self.channels.get(event.get("channel", ""))
        if channel is None:
            return event, []
        if channel.drops(event):
            return None, []
        if channel.take(event):
            return event, []
        return None, [self.subscribe(channel)]

    def authenticate(self, token: str) -> str:
        """Return the message that presents a newer token."""
        self.renews_token = False
        return self._say(op="auth", token=token)

    def _say(self, **message: Any) -> str:
        self._number += 1
        return json.dumps({"id": self._number, **message})
