"""All boards that somebody follows in this process: who follows what, and the buses' messages.

Made by `service.py`; sessions subscribe here, the subscriber's thread brings the messages.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

import orjson
import structlog

from domain.boards.model import BoardId
from domain.errors import LaurelError
from domain.events.closed_periods import KIND as PERIOD_CLOSED
from domain.events.following import BoardPart
from domain.store.redis.ranking_bus import parse_ranking_message
from domain.store.store import Store
from web.live.boards import encoding
from web.live.boards.feed import BoardFeed
from web.live.boards.feeds import Feeds
from web.live.boards.global_around import GlobalAround, GlobalRows
from web.live.channel_names import AROUND_SELF, board_of, is_around
from web.live.channels import Listener
from web.live.protocol import Subscribe
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

# The rows around a player are read at most once in this time.
ROUND_SECONDS = 0.25
# For when nothing is held back.
IDLE_SECONDS = 1.0


class LiveBoards:
    """The followers of all boards but the top of the global one; belongs to one event loop."""

    def __init__(self, store: Store):
        self.global_around = GlobalAround(GlobalRows(store))
        self._feeds = Feeds(store, end=self._end)
        self._followed: dict[Listener, dict[str, BoardFeed]] = {}
        self._checks = BackgroundThread("boards", self._check)
        self._flushes = BackgroundThread("board flushes", self._flush)
        self.threads = (
            self._checks,
            self._flushes,
            BackgroundThread("around", self._read_around, every_seconds=ROUND_SECONDS),
        )

    def list_channels(self, listener: Listener) -> list[str]:
        """Return the names of the channels that a listener follows."""
        channels = [*self._followed.get(listener, ())]
        if self.global_around.is_following(listener):
            channels.append(AROUND_SELF)
        return channels

    def subscribe(self, listener: Listener, op: Subscribe) -> None:
        """Let a listener follow a channel of a board, from a snapshot on.

        Another subscription of the channel is replaced. May switch greenlets. Raises
        NotFoundError, InvalidPayloadError and DatabaseUnavailableError.
        """
        board = board_of(op.channel)
        if board is None:
            self.global_around.start(listener, op.limit, op.id)
            return
        part = BoardPart(board, op.segment)
        is_new = self._feeds.find(part) is None
        feed = self._feeds.open(part)
        if is_new:
            # Its period may end before the next check.
            self._checks.wake()
        self.unsubscribe(listener, op.channel)
        self._followed.setdefault(listener, {})[op.channel] = feed
        if not is_around(op.channel):
            feed.add(listener, op.limit, op.id, op.since)
            return
        try:
            feed.add_around(listener, op.limit, op.id)
        except LaurelError:
            self.unsubscribe(listener, op.channel)
            raise

    def unsubscribe(self, listener: Listener, channel: str) -> None:
        """Stop sending a channel to a listener; doing it again changes nothing."""
        if channel == AROUND_SELF:
            self.global_around.stop(listener)
            return
        mine = self._followed.get(listener, {})
        feed = mine.pop(channel, None)
        if feed is None:
            return
        if is_around(channel):
            feed.remove_around(listener)
        else:
            feed.remove(listener)
        if not mine:
            del self._followed[listener]

    def leave(self, listener: Listener) -> None:
        """Stop sending anything to a listener."""
        for channel in self.list_channels(listener):
            self.unsubscribe(listener, channel)

    def handle_connected(self) -> None:
        """The buses are subscribed: what was published meanwhile is read from the stores."""
        self.global_around.handle_connected()
        self._read_feeds()

    def handle_lost(self) -> None:
        """The buses are lost: the stores are read again and again."""
        self.global_around.handle_lost()
        for feed in self._feeds:
            feed.is_stale = True

    def handle_message(self, raw: str) -> None:
        """Send every follower what a message of the bus changes for it."""
        if not len(self._feeds):
            return
        try:
            wire = orjson.loads(raw)
            if wire.get("kind") == PERIOD_CLOSED:
                self._close_period(wire)
            else:
                self._change_ranking(wire)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.error("message of a board not understood", error=type(error).__name__)
            self._read_feeds()
        except LaurelError as error:
            logger.warning("message of a board not shown", error=type(error).__name__)
            self._read_feeds()

    def _read_feeds(self) -> None:
        for feed in self._feeds:
            feed.is_stale = True
        self._checks.wake()

    def _change_ranking(self, wire: Mapping[str, Any]) -> None:
        message = parse_ranking_message(wire)
        for feed in self._feeds:
            if feed.ranking_no == message.ranking_no:
                feed.receive(message)
                if feed.seconds_to_flush() < inf:
                    self._flushes.wake()

    def _close_period(self, wire: Mapping[str, Any]) -> None:
        part = BoardPart(BoardId(wire["board"]), wire["segment"])
        feed = self._feeds.find(part)
        if feed is not None:
            at = datetime.now(UTC)
            feed.announce(lambda channel: encoding.period_closed(channel, part, wire, at))

    def _end(self, feed: BoardFeed, error: LaurelError) -> None:
        feed.announce(lambda channel: encoding.ended(channel, error.code))
        for listener, mine in tuple(self._followed.items()):
            for channel in [name for name, followed in mine.items() if followed is feed]:
                self.unsubscribe(listener, channel)

    def _check(self) -> None:
        self._checks.pause(self._feeds.seconds_to_check())
        self._feeds.check()

    def _flush(self) -> None:
        waits = [feed.seconds_to_flush() for feed in self._feeds]
        self._flushes.pause(min([IDLE_SECONDS, *waits]))
        for feed in self._feeds:
            feed.flush()

    def _read_around(self) -> None:
        self.global_around.read_changed()
        for feed in self._feeds:
            feed.read_around()
