"""The hub: what this process knows of the board, and every listener it has to tell.

One bus message in, one run of bytes per channel out. The listeners of a view stand at one
position, and so do one user's; whoever joins is shown the state at that position.
"""

import threading
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import gevent
import structlog

from domain.boards.model import Standing, Top
from domain.errors import LaurelError
from domain.events.changes import find_view_change, list_own_events
from domain.events.wire import BusMessage, parse_bus_message
from web.live import metrics
from web.live.board_source import BoardSource
from web.live.channels import (
    Channel,
    Listener,
    View,
    encode_own_events,
    encode_own_start,
    encode_view_change,
    encode_view_start,
    position_of,
)
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position

logger = structlog.get_logger(__name__)

NOWHERE = Position("", 0)
# After this many writes others get their turn; a write takes some 7 µs.
WRITES_PER_TURN = 256


class Hub:
    """Belongs to one event loop. Methods that read a store may switch greenlets, sends may not."""

    def __init__(self, source: BoardSource):
        self._source = source
        self._listeners: set[Listener] = set()
        self._own: dict[UUID, Channel] = {}
        self._views: dict[int, View] = {}
        self._top: Top | None = None
        # Somebody was shown a state that has no position on the bus.
        self._shown_without_position = False
        # One bus message, or one new start, at a time.
        self._turn = threading.Lock()
        self.is_connected = False

    def join(self, listener: Listener) -> None:
        """Take a listener in; from now on it hears its user's events."""
        self._listeners.add(listener)
        channel = self._own.get(listener.user_id)
        if channel is None:
            channel = self._own[listener.user_id] = Channel(self._head())
        channel.listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Let a listener go; doing it again changes nothing."""
        self._listeners.discard(listener)
        channel = self._own.get(listener.user_id)
        if channel is not None:
            channel.listeners.discard(listener)
            if not channel.listeners:
                del self._own[listener.user_id]
        self.unsubscribe(listener)

    def own_position(self, user_id: UUID) -> Position:
        """Return where this user's own channel stands."""
        channel = self._own.get(user_id)
        return channel.position if channel else self._head()

    def subscribe(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the first `limit` rows, from a snapshot on.

        Raises DatabaseUnavailableError when the board cannot be read at all.
        """
        top, own = self._look(listener.user_id)
        if listener not in self._listeners:
            return
        self.unsubscribe(listener)
        view = self._views.get(limit)
        if view is None:
            view = self._views[limit] = View(self._head(), limit)
        view.listeners.add(listener)
        listener.limit = limit
        position = self._position_for(view, top)
        listener.send(encode_view_start(view, position, top, own, message_id))

    def unsubscribe(self, listener: Listener) -> None:
        """Stop telling a listener of the board."""
        if listener.limit is None:
            return
        view = self._views.get(listener.limit)
        listener.limit = None
        if view is not None:
            view.listeners.discard(listener)
            if not view.listeners:
                del self._views[view.limit]

    def show_own(self, listener: Listener, message_id: MessageId) -> None:
        """Show a listener where its user stands. Raises DatabaseUnavailableError."""
        top, own = self._look(listener.user_id)
        channel = self._own.get(listener.user_id)
        if channel is not None and listener in channel.listeners:
            position = self._position_for(channel, top)
            listener.send(encode_own_start(position, top, own, message_id))

    def handle_connected(self) -> None:
        """The bus is heard again: start anew unless nothing was missed."""
        with self._turn:
            self.is_connected = True
            self._catch_up("connected")

    def handle_lost(self) -> None:
        """The bus is not heard: newcomers are shown what the stores say."""
        self.is_connected = False

    def handle_message(self, raw: str) -> None:
        """Tell every listener what one bus message says."""
        with self._turn, metrics.fan_out_seconds.time():
            try:
                message = parse_bus_message(raw)
            except (ValueError, KeyError, TypeError) as error:
                logger.error("bus message not understood", error=type(error).__name__)
                self._catch_up("unreadable")
                return
            self._take(message)
        logger.info("batch told", batch_id=message.batch_id, seq=message.seq)

    def look_again(self) -> None:
        """Try again to learn a position that could not be read; called every second."""
        if self.is_connected and self._head() == NOWHERE:
            with self._turn:
                if self._head() == NOWHERE:  # still: a message may have come in between
                    self._catch_up("position")

    def _catch_up(self, cause: str) -> None:
        try:
            top = self._source.read_top()
        except LaurelError as error:
            logger.warning("top not read", error=type(error).__name__)
            return
        if position_of(top) == self._head() and not self._shown_without_position:
            self._top = self._top or top
            return
        self._start_again(top, position_of(top), cause)

    def _take(self, message: BusMessage) -> None:
        epoch, seq = self._head().epoch, self._head().seq
        if message.epoch == epoch and message.seq <= seq:
            return
        if self._top is not None and message.epoch != epoch and message.seq == 1:
            # The first of a new epoch: what we last knew is its beginning.
            self._start_again(replace(self._top, epoch=message.epoch, seq=0), None, "epoch")
        elif self._top is None or message.epoch != epoch or message.seq != seq + 1:
            # The message's own top is the state after whatever was missed; its own events are not
            # in any snapshot, so they are told all the same.
            before = Position(message.epoch, message.seq - 1)
            self._start_again(message.top, before, "hole")
        self._tell(message)

    def _tell(self, message: BusMessage) -> None:
        before, self._top = self._top or message.top, message.top
        position = position_of(message)
        for user_id, events in list_own_events(message, self._own.keys()).items():
            channel = self._own.get(user_id)
            if channel is not None and events:
                outgoing = encode_own_events(events, message, channel.position.seq)
                channel.position = position
                self._send(channel.listeners, outgoing)
        for view in tuple(self._views.values()):
            change = find_view_change(message, before, view.limit)
            if change is not None and view.position != position:
                outgoing = encode_view_change(change, message, view.position.seq)
                view.position = position
                self._send(view.listeners, outgoing)

    def _start_again(self, top: Top, own_position: Position | None, cause: str) -> None:
        metrics.resyncs.labels(cause=cause).inc()
        if self._listeners:
            logger.info("listeners start again", cause=cause, listeners=len(self._listeners))
        places = self._find_all_places(top)
        self._top, self._shown_without_position = top, not top.epoch
        for channel in self._own.values():
            channel.position = own_position or position_of(top)
        for view in self._views.values():
            view.position = position_of(top)
        for count, listener in enumerate(tuple(self._listeners), start=1):
            own = places.get(listener.user_id)
            outgoing = encode_own_start(own_position or position_of(top), top, own)
            view_of = self._views.get(listener.limit) if listener.limit else None
            if view_of is not None:
                outgoing += encode_view_start(view_of, view_of.position, top, own)
            listener.send(outgoing)
            if count % WRITES_PER_TURN == 0:
                gevent.sleep(0)

    def _send(self, listeners: Collection[Listener], outgoing: Outgoing) -> None:
        for count, listener in enumerate(tuple(listeners), start=1):
            # It may have left, or begun again with a newer snapshot, while others had their turn.
            if listener in listeners:
                listener.send(outgoing)
            if count % WRITES_PER_TURN == 0:
                gevent.sleep(0)

    def _head(self) -> Position:
        return position_of(self._top) if self._top else NOWHERE

    def _position_for(self, channel: Channel, top: Top) -> Position:
        """Return the position of what is shown: none unless the next bus message builds on it."""
        if self.is_connected and top is self._top:
            return channel.position
        self._shown_without_position = True
        return NOWHERE

    def _look(self, user_id: UUID) -> tuple[Top, Standing | None]:
        """Return the top of this moment, and the user's own place of a moment ago or now."""
        top = self._current_top()
        own = _find_in(top, user_id)
        if own is None:
            own = self._source.find_places([user_id]).get(user_id)
            top = self._current_top()
            own = _find_in(top, user_id) or own
        return top, own

    def _current_top(self) -> Top:
        if self.is_connected and self._top is not None:
            return self._top
        top = self._source.read_recent_top()
        # The bus may have come back while the store was read.
        return self._top if self.is_connected and self._top is not None else top

    def _find_all_places(self, top: Top) -> dict[UUID, Standing]:
        places = {standing.user_id: standing for standing in top.standings}
        asked: set[UUID] = set()
        # Again for those who join while the others are looked up.
        while missing := [user for user in self._own if user not in places and user not in asked]:
            asked.update(missing)
            places.update(self._source.find_places(missing))
        return places


def _find_in(top: Top, user_id: UUID) -> Standing | None:
    return next((row for row in top.standings if row.user_id == user_id), None)
