"""The client of Redis: short timeouts, no retries, and a circuit breaker in front.

Every Redis command of Laurel runs through it, except those of Celery's broker.
"""

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
# Errors that pass, for which redis-py has no class: disk full, script running, no replicas.
UNAVAILABLE_CODES = ("MISCONF ", "BUSY ", "NOREPLICAS ")

Answer = TypeVar("Answer")


class RedisClient:
    """Runs commands and scripts; every error that may pass becomes a RedisUnavailableError."""

    def __init__(self, client: Redis, breaker: CircuitBreaker | None = None):
        self._client = client
        self._breaker = breaker or CircuitBreaker()
        self._scripts: dict[str, Script] = {}

    @property
    def usable(self) -> bool:
        """Whether the circuit breaker is closed; asks no server."""
        return not self._breaker.is_open

    def on_breaker_change(self, notify: Callable[[bool], None]) -> None:
        """Call `notify` with whether the breaker is open, now and at every change; for metrics."""
        self._breaker.on_change(notify)

    def run(self, command: Callable[[Redis], Answer]) -> Answer:
        """Call `command` with the client.

        Raises RedisUnavailableError when Redis is down, too slow or full, or the breaker is open.
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
        """Return whether Redis answers now; an unanswered ping opens the breaker.

        One failure is enough: a ping takes microseconds, even on a server that is full. For the
        same reason an answer is not recorded as a success: it would hide the failures of writes.
        """
        if self._breaker.is_open:
            return False
        try:
            self._client.ping()
        except UNAVAILABLE:
            self._breaker.open()
        return not self._breaker.is_open

    def run_script(self, name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run `scripts/<name>.lua`, loading it again if the server no longer has it.

        Raises RedisUnavailableError.
        """
        script = self._scripts.get(name)
        if script is None:
            source = "".join((SCRIPTS / f"{part}.lua").read_text() for part in ("prelude", name))
            script = self._scripts[name] = self._client.register_script(source)
        loaded = script
        return self.run(lambda client: loaded(keys=keys, args=args, client=client))

    def subscribe(self, *channels: str) -> Any:
        """Return a pub/sub object that has a new connection and has asked for the channels.

        The server confirms each channel by a message; what is published before may be missed.
        Raises RedisUnavailableError.
        """
        pubsub: Any = self._client.pubsub()  # type: ignore[no-untyped-call]  # redis-py
        self.run(lambda _: pubsub.subscribe(*channels))
        return pubsub

    def close(self) -> None:
        """Close the pool's connections."""
        self._client.close()


def connect_redis(url: str) -> RedisClient:
    """Return a client of this server; it never retries, because a command may then act twice."""
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
