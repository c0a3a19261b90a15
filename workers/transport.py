"""kombu's Redis transport, cheaper and harder to break, under kombu's own names (celeryconfig.py).

A message that is not one of Celery's is dropped and counted: kombu would let it end the worker.
A connection that leads to a replica is closed, so that the next one may find the primary.

kombu creates a client object for every publish, acknowledgement and poll; with the callbacks that
redis-py sets up in each, that took a tenth of a worker's CPU time. And it acknowledges messages of
`no_ack` queues, which Redis never recorded: a twentieth.
"""

from collections.abc import Callable
from functools import partial
from queue import Empty
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.utils.encoding import safe_repr

from domain.store.redis.connections import FollowingConnection, FollowingSSLConnection
from workers import metrics
from workers.messages.handover import handover

logger = structlog.get_logger(__name__)

LOGGED_CHARACTERS = 160
_SCHEMES = ("redis", "rediss")


class Channel(redis.Channel):
    """Keeps one client for its pool: the pool has the connections, so one client is enough."""

    connection_class = FollowingConnection
    connection_class_ssl = FollowingSSLConnection

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        create: Any = super()._create_client  # type: ignore[misc]  # the stubs do not know it
        if asynchronous:
            return create(asynchronous=True)
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = create()
        return self._kept

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        """Acknowledge a message, unless it came from a queue with `no_ack`."""
        if delivery_tag in (self.qos._delivered or ()):
            super().basic_ack(delivery_tag, multiple)

    def basic_consume(
        self,
        queue: str,
        no_ack: bool,
        callback: Callable[..., Any] | None,
        consumer_tag: str | None,
        **kwargs: Any,
    ) -> str:
        """Consume from the queue; a message that `callback` fails on is dropped."""
        handle = partial(self._handle, callback)
        tag: str = super().basic_consume(queue, no_ack, handle, consumer_tag, **kwargs)
        return tag

    def _handle(self, callback: Any, message: Any) -> None:
        """Handle a message, and then those that its task hands over."""
        with handover.opened():
            self._handle_one(callback, message)
            while (next_message := handover.take()) is not None:
                self._handle_one(callback, self.Message(next_message, channel=self))

    def _handle_one(self, callback: Any, message: Any) -> None:
        try:
            callback(message)
        except self._outages():
            raise
        except Exception as error:  # noqa: BLE001 - whatever a message holds, the worker goes on
            if not message.acknowledged:
                message.reject()
            drop_message("malformed", error)

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # the stubs do not know it
        except self._outages():
            raise
        except Exception as error:  # noqa: BLE001 - whatever a message holds, the worker goes on
            drop_message("unreadable", error)
            raise Empty from None

    def _receive_one(self, c: Any) -> Any:
        """Receive one message of the workers' remote control."""
        try:
            return super()._receive_one(c)  # type: ignore[misc]  # the stubs do not know it
        except self._outages():
            raise
        except Exception as error:  # noqa: BLE001 - whatever a message holds, the worker goes on
            drop_message("unreadable", error)
            return None

    def _outages(self) -> tuple[type[BaseException], ...]:
        """Return what speaks of the broker; of kombu's list without KeyError, a message's fault."""
        listed = (*self.connection.connection_errors, *self.connection.channel_errors)
        return (Empty, *(error for error in listed if error is not KeyError))


class Transport(redis.Transport):
    """kombu's transport, with channels that keep their client."""

    Channel = Channel


def drop_message(cause: str, error: object) -> None:
    """Count and log a message of which no task can be made."""
    metrics.messages_dropped.labels(cause).inc()
    # An error may hold the message, of which not even the text can be relied on.
    said = safe_repr(error)[:LOGGED_CHARACTERS]
    logger.warning("broker message dropped", cause=cause, error=said)


def use_transport_for_redis() -> None:
    """Give this transport to every broker whose address begins with `redis` or `rediss`.

    A transport that is named by its class would become the scheme of the address that kombu
    tells, and Flower, which reads the scheme, would not know the broker.
    """
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"


def make_broker_url(redis_url: str) -> str:
    """Return REDIS_URL as kombu writes it: redis-py and kombu name a Unix socket differently."""
    scheme, separator, rest = redis_url.partition("://")
    if scheme != "unix":
        return redis_url
    path, mark, query = rest.partition("?")
    names = [name.replace("db=", "virtual_host=", 1) for name in query.split("&")]
    return f"redis+socket{separator}{path}{mark}{'&'.join(names)}"
