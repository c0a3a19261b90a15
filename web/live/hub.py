"""The hub: every listener of this process, and what each bus message sends them.

One bus message in, one `Outgoing` per channel out. Sessions register with it.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import gevent
import structlog

from domain.boards.model import Top
from domain.errors import LaurelError
from domain.events.changes import find_view_change, list_own_events
from domain.events.wire import BusMessage
from web.live import metrics
from web.live.audience import Audience
from web.live.board_source import BoardSource
from web.live.channels import (
    Channel,
    Listener,
    View,
    ViewKey,
    encode_own_events,
    encode_own_start,
    encode_start,
    encode_view_change,
    encode_view_start,
    position_of,
)
from web.live.followed_board import BusState, FollowedBoard
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position

logger = structlog.get_logger(__name__)

# After so many writes, of about 7 µs each, other greenlets have their turn.
WRITES_PER_TURN = 256


class Hub:
    """Sends the events of a board to its listeners; belongs to one event loop.

    Methods that read a store, or send to many, may switch greenlets; the others may not.
    `yield_turn` lets other greenlets run, `now` is the time of the snapshots.
    """

    def __init__(
        self,
        source: BoardSource,
        *,
        yield_turn: Callable[[], None] = gevent.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        writes_per_turn: int = WRITES_PER_TURN,
    ):
        self._state = FollowedBoard(source)
        self.audience = Audience(source)
        self._yield_turn = yield_turn
        self._now = now
        self._writes_per_turn = writes_per_turn
        self._listeners: set[Listener] = set()
        self._own: dict[UUID, Channel] = {}
        self._views: dict[ViewKey, View] = {}
        # Held for one bus message or one resync: their sends must not interleave.
        self._order = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether bus messages arrive."""
        return self._state.bus is not BusState.LOST

    def register(self, listener: Listener) -> None:
        """Add a listener; from now on it is sent its user's events."""
        self._listeners.add(listener)
        self.audience.add(listener.user_id)
        fresh = Channel(self._state.board, self._state.head)
        self._own.setdefault(listener.user_id, fresh).add(listener)

    def unregister(self, listener: Listener) -> None:
        """Remove a listener; removing it again changes nothing."""
        self._listeners.discard(listener)
        channel = self._own.get(listener.user_id)
        if channel is not None:
            channel.remove(listener)
            if not channel.listeners:
                del self._own[listener.user_id]
                self.audience.remove(listener.user_id)
        self.unsubscribe(listener)

    def own_position(self, user_id: UUID) -> Position:
        """Return the position of this user's own channel."""
        channel = self._own.get(user_id)
        return channel.position if channel else self._state.head

    def subscribe(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the first `limit` rows, from a snapshot on.

        Raises DatabaseUnavailableError when the board cannot be read at all.
        """
        top, own = self._state.find_snapshot(listener.user_id)
        if listener not in self._listeners:  # it left during the read
            return
        self.unsubscribe(listener)
        key = ViewKey(self._state.board, limit)
        view = self._views.setdefault(key, View(key, self._state.head))
        view.add(listener)
        listener.view = key
        position = self._state.position_for(view, top)
        listener.send(encode_view_start(view, position, top, own, self._now(), message_id))

    def unsubscribe(self, listener: Listener) -> None:
        """Stop sending the board to a listener."""
        if listener.view is None:
            return
        key, listener.view = listener.view, None
        view = self._views.get(key)
        if view is not None:
            view.remove(listener)
            if not view.listeners:
                del self._views[key]

    def send_own_snapshot(self, listener: Listener, message_id: MessageId) -> None:
        """Send a listener its user's standing. Raises DatabaseUnavailableError."""
        top, own = self._state.find_snapshot(listener.user_id)
        channel = self._own.get(listener.user_id)
        if channel is not None and listener in channel.listeners:
            channel.add(listener)
            position = self._state.position_for(channel, top)
            listener.send(encode_own_start(position, top, own, self._now(), message_id))

    def handle_connected(self) -> None:
        """The bus is subscribed: send all listeners snapshots unless nothing was missed."""
        with self._order:
            self._state.mark_subscribed()
            self._try_recover("connected")

    def handle_lost(self) -> None:
        """The bus is lost: new listeners are sent what the stores say."""
        self._state.mark_lost()

    def handle_message(self, raw: str) -> None:
        """Send every listener what one bus message changes for it."""
        with self._order, metrics.fan_out_seconds.time():
            try:
                message = self.audience.parse(raw, self._seen())
            except (ValueError, KeyError, TypeError) as error:
                logger.error("bus message not understood", error=type(error).__name__)
                self._try_recover("unreadable")
                return
            self._receive(raw, message)
        logger.info("batch broadcast", batch_id=message.batch_id, seq=message.seq)

    def recover_position(self) -> None:
        """Read the position again if it is not known; called every second.

        Raises DatabaseUnavailableError when it still cannot be read.
        """
        if self._state.bus is BusState.UNPOSITIONED:
            with self._order:
                # Still so: a message may have brought it while we waited.
                if self._state.bus is BusState.UNPOSITIONED:
                    self._recover("position")

    def _try_recover(self, cause: str) -> None:
        try:
            self._recover(cause)
        except LaurelError as error:
            logger.warning("top not read", error=type(error).__name__)

    def _recover(self, cause: str) -> None:
        top = self._state.read_top()
        if not self._state.accept_unchanged(top):
            self._resync(top, position_of(top), cause)

    def _seen(self) -> Top | None:
        """Return the top that the followers of the board know, if there are any."""
        return self._state.top if self._views else None

    def _receive(self, raw: str, message: BusMessage) -> None:
        top, head = self._state.top, self._state.head
        if message.epoch == head.epoch and message.seq <= head.seq:
            return
        before = Position(message.epoch, message.seq - 1)
        if top is None or before != head:
            if top is not None and message.epoch != head.epoch and message.seq == 1:
                # The first message of a new epoch: the last known top is the state before it.
                self._resync(replace(top, epoch=message.epoch, seq=0), before, "epoch")
            else:
                # The message's top is the state after all that was missed. Its own events are in
                # no snapshot, so they are published all the same.
                self._resync(message.top, before, "hole")
            # Listeners may have come meanwhile.
            message = self.audience.parse(raw, self._seen())
        self._publish(self.audience.complete(raw, message, self._seen()))

    def _publish(self, message: BusMessage) -> None:
        """Send each channel its step to the message's position."""
        before = self._state.top or message.top
        self._state.top = message.top
        # Every channel moves before the first send: a listener that subscribes while others are
        # sent their step is shown the new position, whichever channel it chooses.
        steps = [*self._advance_own(message), *self._advance_views(message, before)]
        for channel, outgoing in steps:
            channel.send_step(outgoing, self._yield_turn, self._writes_per_turn)

    def _advance_own(self, message: BusMessage) -> Iterator[tuple[Channel, Outgoing]]:
        position = position_of(message)
        for user_id, events in list_own_events(message, self._own.keys()).items():
            channel = self._own[user_id]
            if events and channel.position != position:
                outgoing = encode_own_events(events, message, channel.position.seq)
                channel.advance(position)
                yield channel, outgoing

    def _advance_views(
        self, message: BusMessage, before: Top
    ) -> Iterator[tuple[Channel, Outgoing]]:
        position = position_of(message)
        for view in self._views.values():
            change = find_view_change(message, before, view.limit)
            if change is not None and view.position != position:
                outgoing = encode_view_change(change, message, view.position.seq)
                view.advance(position)
                yield view, outgoing

    def _resync(self, top: Top, own_position: Position, cause: str) -> None:
        """Send every listener a snapshot; own channels are at `own_position` after it."""
        metrics.resyncs.labels(cause=cause).inc()
        if self._listeners:
            logger.info("listeners resynced", cause=cause, listeners=len(self._listeners))
        self.audience.announce_all()
        standings = self._state.find_standings(top, lambda: list(self._own))
        self._state.replace_top(top)
        for channel in self._own.values():
            channel.restart(own_position)
        for view in self._views.values():
            view.restart(position_of(top))
        for count, listener in enumerate(tuple(self._listeners), start=1):
            if listener in self._listeners:  # it may have left while others had their turn
                own = standings.get(listener.user_id)
                followed = self._views.get(listener.view) if listener.view else None
                listener.send(encode_start(own_position, followed, top, own, self._now()))
            if count % self._writes_per_turn == 0:
                self._yield_turn()
