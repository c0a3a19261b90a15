"""kombu's Redis transport without two wastes: what `broker_transport` in celeryconfig.py names.

kombu makes a new client object for every publish, acknowledgement and look at the queue; with the
callbacks that redis-py sets up in each, that was a tenth of a worker's CPU. And it acknowledges in
Redis what a queue with `no_ack` never put down there, which was a twentieth.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """Keeps the client of its pool: the pool has the connections, so one client serves all."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        create: Any = super()._create_client  # type: ignore[misc]  # the stubs do not know it
        if asynchronous:
            return create(asynchronous=True)
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = create()
        return self._kept

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        """Acknowledge what waits for it; what came from a queue with `no_ack` does not."""
        if delivery_tag in (self.qos._delivered or ()):
            super().basic_ack(delivery_tag, multiple)


class Transport(redis.Transport):
    """kombu's, with channels that keep their client."""

    Channel = Channel
