"""The one way to Redis: short timeouts, no silent repeats, a breaker in front."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - redis-py's own name
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,  # noqa: A004 - redis-py's own name
)
from redis.retry import Retry

from domain.errors import RedisUnavailableError
from domain.store.redis.circuit_breaker import CircuitBreaker

TIMEOUT_SECONDS = 0.3
SCRIPTS = Path(__file__).parent / "scripts"
UNAVAILABLE = (ConnectionError, TimeoutError, BusyLoadingError, OutOfMemoryError, ReadOnlyError)
# "Not now" for which redis-py has no class: the disk is full, a script is at work, no replicas.
UNAVAILABLE_CODES = ("MISCONF ", "BUSY ", "NOREPLICAS ")

Answer = TypeVar("Answer")


class RedisClient:
    """Runs commands and scripts; anything that means "not now" is a RedisUnavailableError."""

    def __init__(self, client: Redis, breaker: CircuitBreaker | None = None):
        self._client = client
        self._breaker = breaker or CircuitBreaker()
        self._scripts: dict[str, Script] = {}

    @property
    def usable(self) -> bool:
        """Whether Redis answered lately; costs nothing."""
        return not self._breaker.is_open

    def watch(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` with whether Redis is given up, now and at every change; for metrics."""
        self._breaker.watch(tell)

    def run(self, command: Callable[[Redis], Answer]) -> Answer:
        """Call `command` with the client.

        Raises RedisUnavailableError when Redis is away, too slow, full, or the breaker is open.
        """
        if not self._breaker.allow():
            raise RedisUnavailableError
        try:
            answer = command(self._client)
        except UNAVAILABLE as error:
            self._breaker.record_failure()
            raise RedisUnavailableError from error
        except ResponseError as error:
            if not str(error).startswith(UNAVAILABLE_CODES):
                raise
            self._breaker.record_failure()
            raise RedisUnavailableError from error
        self._breaker.record_success()
        return answer

    def check(self) -> bool:
        """Return whether Redis answers now; a ping that stays unanswered opens the breaker.

        One is enough: a ping is answered in microseconds, also by a server that is full. And for
        that reason an answer does not count as a success, which would hide the failures of writes.
        """
        if self._breaker.is_open:
            return False
        try:
            self._client.ping()
        except UNAVAILABLE:
            self._breaker.open()
        return not self._breaker.is_open

    def run_script(self, name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run `lua/<name>.lua`, sent again by itself when the server has forgotten it."""
        script = self._scripts.get(name)
        if script is None:
            source = "".join((SCRIPTS / f"{part}.lua").read_text() for part in ("prelude", name))
            script = self._scripts[name] = self._client.register_script(source)
        loaded = script
        return self.run(lambda client: loaded(keys=keys, args=args, client=client))

    def subscribe(self, *channels: str) -> Any:
        """Return a pub/sub object on a connection of its own that asked for the channels.

        The server's confirmations come as messages: only after them is nothing missed.
        """
        pubsub: Any = self._client.pubsub()  # type: ignore[no-untyped-call]  # redis-py
        self.run(lambda _: pubsub.subscribe(*channels))
        return pubsub

    def close(self) -> None:
        """Close the pool's connections."""
        self._client.close()


def connect_redis(url: str) -> RedisClient:
    """Return a gate to this server; no retries, because a repeated command may act twice."""
    client = Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    return RedisClient(client)
