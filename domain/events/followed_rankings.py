"""The rankings that somebody follows, as one process of the workers knows them.

Used by the *broadcast* link: a ranking to which nobody listens costs it nothing.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import structlog

from domain.rankings.reads.standings import Order
from domain.store.redis.ranking_bus import list_followed, publish_rankings
from domain.store.store import Store

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""A live process reads a ranking again this long after it has said that it follows it."""


class FollowedRankings:
    """What Redis last said of the followed rankings; `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._looked_at: float | None = None
        self._followed: Mapping[int, Order] = {}

    def publish(self, store: Store, *, rankings: Iterable[int]) -> None:
        """Publish those of these rankings that somebody follows; may be repeated.

        Asks Redis who follows what once in LOOK_SECONDS. Raises RedisUnavailableError.
        """
        followed = self._look(store)
        changed = {number: followed[number] for number in rankings if number in followed}
        if changed:
            publish_rankings(store.redis, rankings=changed, now=datetime.now(UTC))

    def _look(self, store: Store) -> Mapping[int, Order]:
        now = self._clock()
        if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
            try:
                self._followed = list_followed(store.redis)
            except ValueError:
                # Another program wrote there. It expires, or is written anew.
                logger.exception("followed rankings not understood")
                self._followed = {}
            self._looked_at = now
        return self._followed
