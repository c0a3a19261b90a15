"""The client of Redis: short timeouts, no retries, and a circuit breaker in front.

Every Redis command of Laurel runs through it, except those of Celery's broker.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - redis-py's own name
    RedisError,
    TimeoutError,  # noqa: A004 - redis-py's own name
)
from redis.retry import Retry

from domain.errors import RedisRefusalError, RedisUnavailableError
from domain.store.redis.circuit_breaker import CircuitBreaker
from domain.store.redis.connections import FOLLOWING, DemotedError, read_code

logger = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 0.3
SCRIPTS = Path(__file__).parent / "scripts"
# What a server says of itself, whatever the command: it is full, busy, no primary, or closed to us.
# Any other error is about the command or its key, and says nothing of the next one.
_OF_THE_SERVER = frozenset(
    (
        "ASK",
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "MOVED",
        "NOAUTH",
        "NOPERM",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
        "UNBLOCKED",
        "UNKILLABLE",
        "WRONGPASS",
    )
)
LOG_EVERY_SECONDS = 10.0
LOGGED_CHARACTERS = 160

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Server:
    """The server behind the URL: `run_id` names one start of it; None where it does not say."""

    run_id: str | None
    eviction_policy: str | None


class RedisClient:
    """Runs commands and scripts; whatever Redis answers, an error is a RedisUnavailableError."""

    def __init__(self, client: Redis, breaker: CircuitBreaker | None = None):
        self._client = client
        self._breaker = breaker or CircuitBreaker()
        self._scripts: dict[str, Script] = {}
        self._refusal: str | None = None
        self._run_id: str | None = None
        self._notify_error: Callable[[str], None] = lambda _code: None
        self._logged_at: dict[str, float] = {}
        self._log_lock = threading.Lock()

    @property
    def usable(self) -> bool:
        """Whether the circuit breaker is closed; asks no server."""
        return not self._breaker.is_open

    def on_breaker_change(self, notify: Callable[[bool], None]) -> None:
        """Call `notify` with whether the breaker is open, now and at every change; for metrics."""
        self._breaker.on_change(notify)

    def on_error(self, notify: Callable[[str], None]) -> None:
        """Call `notify` with the code of every error that a server answers; for metrics."""
        self._notify_error = notify

    def run(self, command: Callable[[Redis], Answer]) -> Answer:
        """Call `command` with the client.

        Raises RedisUnavailableError when Redis is down or too slow or the breaker is open, and
        RedisRefusalError when it answers with an error, a wrong command of ours included.
        """
        if not self._breaker.allow():
            raise self._describe_outage()
        try:
            answer = command(self._client)
        except (RedisError, OSError) as error:
            self._record_error(error)
            raise self._describe_outage() from error
        self._refusal = None
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
        except (RedisError, OSError):
            self._breaker.open()
        return not self._breaker.is_open

    def find_server(self) -> Server:
        """Return the server to which a new connection leads.

        When it is another one than at the last call, the pool's idle connections are closed: after
        a failover they lead to the old primary, which may still answer. Raises
        RedisUnavailableError, also when the server is a replica.
        """
        server = self.run(lambda client: _ask_server(client.connection_pool))
        if self._run_id not in (None, server.run_id):
            self._drop_idle()
        self._run_id = server.run_id
        return server

    def run_script(self, name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run `scripts/<name>.lua`, loading it again if the server no longer has it.

        The preludes of its folders come before it. Raises RedisUnavailableError.
        """
        script = self._scripts.get(name)
        if script is None:
            folder, _, _ = name.rpartition("/")
            parts = ("prelude", *([f"{folder}/prelude"] if folder else []), name)
            source = "".join((SCRIPTS / f"{part}.lua").read_text() for part in parts)
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

    def _record_error(self, error: Exception) -> None:
        is_silence = isinstance(error, ConnectionError | TimeoutError | OSError)
        code = read_code(error)
        is_of_server = is_silence or code in _OF_THE_SERVER
        if is_of_server:
            self._breaker.record_failure()
        if isinstance(error, DemotedError):
            self._drop_idle()
        if not is_silence or code in _OF_THE_SERVER:
            self._refusal = code
            self._notify_error(code)
            self._log(code, str(error), is_defect=not is_of_server)
        else:
            self._refusal = None

    def _describe_outage(self) -> RedisUnavailableError:
        """Return the error to raise: with the server's answer, if it was an error."""
        refusal = self._refusal
        return RedisRefusalError(refusal) if refusal else RedisUnavailableError()

    def _log(self, code: str, text: str, *, is_defect: bool) -> None:
        """Log an error's first words, those of one code every LOG_EVERY_SECONDS at most."""
        with self._log_lock:
            now = time.monotonic()
            if now < self._logged_at.get(code, 0.0):
                return
            self._logged_at[code] = now + LOG_EVERY_SECONDS
        log = logger.error if is_defect else logger.warning
        log("redis refused a command", code=code, error=text[:LOGGED_CHARACTERS])

    def _drop_idle(self) -> None:
        self._client.connection_pool.disconnect(inuse_connections=False)


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
    pool = client.connection_pool
    pool.connection_class = FOLLOWING[pool.connection_class]
    return RedisClient(client)


def _ask_server(pool: Any) -> Server:
    """Return what a server says on a new connection, which is closed again; raises DemotedError."""
    connection = pool.connection_class(**pool.connection_kwargs)
    try:
        connection.connect()
        connection.send_command("INFO")
        facts = dict(
            line.split(":", 1) for line in connection.read_response().splitlines() if ":" in line
        )
    finally:
        connection.disconnect()
    if facts.get("role", "master") != "master":
        raise DemotedError("the server is a replica", status_code="READONLY")
    return Server(facts.get("run_id"), facts.get("maxmemory_policy"))
