"""The feeds of this process: opened for the first follower, kept current, closed behind the last.

Once a second each is compared with what its board shows now, and Redis is told which rankings are
followed. Used by `live_boards.py`.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import structlog

from domain.errors import LaurelError, RedisUnavailableError
from domain.events.followed_rankings import LOOK_SECONDS
from domain.events.following import BoardPart, CurrentRanking, find_current, read_top
from domain.rankings.catalog import CatalogCache
from domain.store.redis.ranking_bus import mark_followed, publish_rankings
from domain.store.store import Store
from web.live import metrics
from web.live.board_source import SQL_SHARE
from web.live.boards.feed import BoardFeed

logger = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
# After it was marked every worker has looked again, and what was not published shows in this look.
FIRST_PUBLISH_SECONDS = LOOK_SECONDS + 0.2
# What changes rankings without a batch, such as a bucket that leaves a rolling board.
PUBLISH_SECONDS = 10.0
# Who comes back so soon after the last follower has left can still resume.
IDLE_SECONDS = 120.0
MAX_IDLE_FEEDS = 100
# The clock of the database decides; this one must not be early.
END_MARGIN_SECONDS = 0.005


class Feeds:
    """One feed for each followed part of a board; belongs to one event loop.

    `end` is called with a feed that nobody may follow any more. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        end: Callable[[BoardFeed, LaurelError], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._store = store
        self._end = end
        self._clock = clock
        self._catalogs = CatalogCache()
        self._feeds: dict[BoardPart, BoardFeed] = {}
        self._stale_until = 0.0

    def __len__(self) -> int:
        """Return how many feeds there are."""
        return len(self._feeds)

    def __iter__(self) -> Iterator[BoardFeed]:
        """Iterate over the feeds of this moment."""
        return iter(tuple(self._feeds.values()))

    def find(self, part: BoardPart) -> BoardFeed | None:
        """Return the feed of this part, if it is followed."""
        return self._feeds.get(part)

    def open(self, part: BoardPart) -> BoardFeed:
        """Return the feed of this part, made if there is none.

        Raises what `find_current` returns for a part that nobody may follow, and
        DatabaseUnavailableError.
        """
        feed = self._feeds.get(part)
        if feed is not None:
            return feed
        self._close_idle()
        current = find_current(self._store, catalogs=self._catalogs, parts=[part])[part]
        if isinstance(current, LaurelError):
            raise current
        ends_at = self._find_end(current)
        fresh = BoardFeed(
            self._store, part, current, read_top(self._store, ranking=current.ranking)
        )
        fresh.ends_at = ends_at
        self._mark([fresh])
        # Another listener may have opened it meanwhile.
        feed = self._feeds.setdefault(part, fresh)
        self._count()
        return feed

    def check(self) -> None:
        """Bring every feed to what its board shows now. Raises DatabaseUnavailableError."""
        self._close_idle()
        if not self._feeds:
            return
        try:
            self._switch_all()
        finally:
            feeds = [*self]
            self._mark(feeds)
            self._publish(feeds)
        self._renew(feeds)

    def seconds_to_check(self) -> float:
        """Return when to check next: at the end of a period, and when one must be published."""
        now = self._clock()
        dues = [due for feed in self for due in (feed.ends_at, feed.publish_at) if due is not None]
        # What is long overdue waits for a store that is away.
        waits = [max(due - now, 0.0) for due in dues if due > now - CHECK_SECONDS]
        return min([CHECK_SECONDS, *waits])

    def _switch_all(self) -> None:
        found = find_current(self._store, catalogs=self._catalogs, parts=[*self._feeds])
        for part, current in found.items():
            feed = self._feeds.get(part)
            if feed is None:
                continue
            if isinstance(current, LaurelError):
                del self._feeds[part]
                self._count()
                self._end(feed, current)
                continue
            feed.ends_at = self._find_end(current)
            cause = _find_cause(feed.current, current)
            if cause is not None:
                feed.switch(current, read_top(self._store, ranking=current.ranking), cause)

    def _find_end(self, current: CurrentRanking) -> float | None:
        left = current.seconds_left
        return None if left is None else self._clock() + left + END_MARGIN_SECONDS

    def _mark(self, feeds: list[BoardFeed]) -> None:
        """Tell Redis what is followed; what has just begun is published when workers know it."""
        open_ones = {
            feed.current.ranking.number: feed.current.ranking.order
            for feed in feeds
            if feed.current.ranking is not None and not feed.current.ranking.revision
        }
        try:
            mark_followed(self._store.redis, rankings=open_ones)
        except RedisUnavailableError as error:
            logger.warning("followed rankings not marked", error=type(error).__name__)
            return
        for feed in feeds:
            number = feed.ranking_no if feed.ranking_no in open_ones else None
            if number != feed.marked_no:
                feed.marked_no = number
                due = self._clock() + FIRST_PUBLISH_SECONDS
                feed.publish_at = None if number is None else due

    def _publish(self, feeds: list[BoardFeed]) -> None:
        now = self._clock()
        due = [feed for feed in feeds if feed.publish_at is not None and feed.publish_at <= now]
        rankings = {
            feed.current.ranking.number: feed.current.ranking.order
            for feed in due
            if feed.current.ranking is not None
        }
        try:
            if rankings:
                publish_rankings(self._store.redis, rankings=rankings, now=datetime.now(UTC))
        except RedisUnavailableError as error:
            logger.warning("followed rankings not published", error=type(error).__name__)
        for feed in due:
            feed.publish_at = now + PUBLISH_SECONDS

    def _renew(self, feeds: list[BoardFeed]) -> None:
        """Read rankings to which the bus does not lead on, as often as their reads take long."""
        began = self._clock()
        if began < self._stale_until:
            return
        for feed in feeds:
            if feed.is_stale:
                ranking = feed.current.ranking
                top = read_top(self._store, ranking=ranking)
                if feed.current.ranking is ranking:
                    feed.renew(top)
        self._stale_until = self._clock() + (self._clock() - began) / SQL_SHARE

    def _close_idle(self) -> None:
        now = self._clock()
        idle = [feed for feed in self if feed.idle_since is not None]
        most = 0.0 if len(idle) > MAX_IDLE_FEEDS else IDLE_SECONDS
        for feed in idle:
            if feed.idle_since is not None and now - feed.idle_since >= most:
                del self._feeds[feed.part]
        self._count()

    def _count(self) -> None:
        metrics.boards_followed.set(len(self._feeds))


def _find_cause(before: CurrentRanking, after: CurrentRanking) -> str | None:
    """Return why followers need a snapshot, if they do."""
    if before[:3] == after[:3]:
        return None
    if before.version != after.version:
        return "version"
    return "period" if before.period != after.period else "ranking"
