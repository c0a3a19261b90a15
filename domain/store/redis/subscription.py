"""One pub/sub subscription: confirmed before it counts, and known to be lost when Redis is silent.

Used by `web/server/subscriber.py`.
"""

import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from domain.errors import RedisRefusalError, RedisUnavailableError
from domain.store.redis.client import RedisClient

POLL_SECONDS = 1.0
# Pings that may stay unanswered: a stalled server keeps its connections open.
MAX_SILENT_POLLS = 3
# How often a subscription asks where new connections lead. A server that has become a replica, or
# is no longer behind the address, keeps its subscribers and has nothing more to tell them.
CHECK_SECONDS = 2.0


class Message(NamedTuple):
    """What was published on a channel."""

    channel: str
    text: str


class Subscription:
    """A subscription to some channels on its own connection; one thread uses it.

    Every method but `close` raises RedisUnavailableError when the server is away, refuses, or has
    not answered a ping for MAX_SILENT_POLLS polls, or when the primary is another server now; the
    subscription is then of no more use. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        redis: RedisClient,
        channels: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ):
        """Connect and ask for the channels; nothing is confirmed yet."""
        self._redis = redis
        self._clock = clock
        self._server = redis.find_server()
        self._checked_at = clock()
        self._unconfirmed = set(channels)
        self._silent_polls = 0
        try:
            self._pubsub: Any = redis.subscribe(*channels)
        except (RedisError, OSError) as error:
            raise RedisUnavailableError from error

    def confirm(self) -> list[Message]:
        """Wait until the server confirms every channel, and return the messages before that.

        State to which messages are applied must be read after the server counts this process among
        the subscribers, or a message published in between would be in neither.
        """
        early = []
        while self._unconfirmed:
            raw = self._poll()
            if raw is None:
                raise RedisUnavailableError
            if raw["type"] == "subscribe":
                self._unconfirmed.discard(raw["channel"])
            elif raw["type"] == "message":
                early.append(Message(raw["channel"], raw["data"]))
        return early

    def receive(self) -> Message | None:
        """Return the next message, or None when none comes within POLL_SECONDS."""
        if self._clock() - self._checked_at >= CHECK_SECONDS:
            self._check_server()
        raw = self._poll()
        if raw is not None:
            self._silent_polls = 0
            return Message(raw["channel"], raw["data"]) if raw["type"] == "message" else None
        self._silent_polls += 1
        if self._silent_polls > MAX_SILENT_POLLS:
            raise RedisUnavailableError
        self._ping()
        return None

    def close(self) -> None:
        """Close the connection."""
        self._pubsub.close()

    def _check_server(self) -> None:
        self._checked_at = self._clock()
        try:
            server = self._redis.find_server()
        except RedisUnavailableError as error:
            # Whether the server is silent is for the polls to say.
            if isinstance(error, RedisRefusalError) and error.is_demotion:
                raise
            return
        if server.run_id != self._server.run_id:
            raise RedisUnavailableError

    def _poll(self) -> dict[str, Any] | None:
        try:
            raw: dict[str, Any] | None = self._pubsub.get_message(timeout=POLL_SECONDS)
        except (RedisError, OSError) as error:
            raise RedisUnavailableError from error
        return raw

    def _ping(self) -> None:
        try:
            self._pubsub.ping()
        except (RedisError, OSError) as error:
            raise RedisUnavailableError from error
