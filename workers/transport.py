"""kombu's Redis transport, cheaper, under kombu's own names; used by celeryconfig.py.

kombu creates a client object for every publish, acknowledgement and poll; with the callbacks that
redis-py sets up in each, that took a tenth of a worker's CPU time. And it acknowledges messages of
`no_ack` queues, which Redis never recorded: a twentieth.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

_SCHEMES = ("redis", "rediss")


class Channel(redis.Channel):
    """Keeps one client for its pool: the pool has the connections, so one client is enough."""

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


class Transport(redis.Transport):
    """kombu's transport, with channels that keep their client."""

    Channel = Channel


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
