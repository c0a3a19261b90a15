"""The hub: what each message of the bus sends the listeners of this process, and when.

Bus messages in, one `Outgoing` per channel and flush out.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import gevent
import structlog

from domain.boards.model import Standing, Top
from domain.errors import LaurelError
from domain.events.wire import BusMessage, parse_bus_message
from web.live import metrics
from web.live.audience import Audience
from web.live.board_source import BoardSource
from web.live.channels import Listener, encode_own_start, encode_view_start
from web.live.followed_board import BusState, FollowedBoard, position_of
from web.live.history.board_channels import BoardChannels, Step
from web.live.history.ring import DEFAULT_BOUNDS, Bounds, Ring
from web.live.listeners import Listeners
from web.live.protocol import NO_POSITION, Position
from web.live.standings.telling import StandingsTeller
from web.live.standings.watch import StandingsWatch

logger = structlog.get_logger(__name__)

# After so many writes, of about 7 µs each, other greenlets have their turn.
WRITES_PER_TURN = 256


class Hub:
    """Sends the events of a board to its listeners; belongs to one event loop.

    Methods that read a store, or send to many, may switch greenlets; the others may not.
    `yield_turn` lets other greenlets run, `now` is the time of the snapshots, `clock` is monotonic.
    `on_held` is called when something was held back: `flush_due` must be called when it is due,
    which it says itself for what it holds back again.
    """

    def __init__(
        self,
        source: BoardSource,
        *,
        yield_turn: Callable[[], None] = gevent.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        writes_per_turn: int = WRITES_PER_TURN,
        bounds: Bounds = DEFAULT_BOUNDS,
        on_held: Callable[[], None] = lambda: None,
    ):
        self._ring: Ring[Top] = Ring(bounds=bounds, clock=clock)
        self._state = FollowedBoard(source, self._ring)
        self.watch = StandingsWatch(source, clock=clock)
        self._channels = BoardChannels(
            source.board, self._ring, clock=clock, on_own_events=self.watch.note
        )
        self.audience = Audience(source)
        self.listeners = Listeners(self._state, self._ring, self._channels, self.audience, now)
        self.on_held = on_held
        self._yield_turn = yield_turn
        self._now = now
        self._writes_per_turn = writes_per_turn
        # Held for one bus message, one flush or one resync: their sends must not interleave.
        self._order = threading.Lock()
        self._teller = StandingsTeller(
            source, self._state, self._channels, hold=self._order, send=self._send, now=now
        )

    @property
    def is_connected(self) -> bool:
        """Whether bus messages arrive."""
        return self._state.bus is not BusState.LOST

    def handle_connected(self) -> None:
        """The bus is subscribed: send what was missed, or snapshots if that is not known."""
        with self._order:
            self._state.mark_subscribed()
            self._try_recover("connected")

    def handle_lost(self) -> None:
        """The bus is lost: new listeners are sent what the stores say."""
        self._state.mark_lost()

    def handle_message(self, raw: str) -> None:
        """Send every listener what one bus message changes for it."""
        self.watch.mark_changed()
        with self._order, metrics.fan_out_seconds.time():
            try:
                message = parse_bus_message(raw)
            except (ValueError, KeyError, TypeError) as error:
                logger.error("bus message not understood", error=type(error).__name__)
                self._try_recover("unreadable")
                return
            self._receive(message)
        logger.info("batch broadcast", batch_id=message.batch_id, seq=message.seq)

    def flush_due(self) -> float:
        """Send what was held back for long enough; return after how many seconds to come again."""
        with self._order:
            self._send_all(self._channels.take_due_steps())
        metrics.history_messages.set(len(self._ring))
        metrics.history_bytes.set(self._ring.size_bytes)
        return self._channels.seconds_until_due()

    def expect(self, user_id: UUID) -> None:
        """Prepare for a listener of this user, who is about to come."""
        if self._channels.find_own(user_id) is None:
            self.watch.learn(user_id)

    def tell_moved(self) -> None:
        """Tell those whom others moved, if it is time. Raises DatabaseUnavailableError."""
        self.watch.look(self._teller, is_followed=self._teller.is_followed)

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
        if self._state.accept_unchanged(top):
            return
        position, last = position_of(top), self._state.top
        missed = self._state.read_missed(position)
        if missed:
            self._publish(missed)
        elif last is None or position != self._state.head or position == NO_POSITION:
            self._begin(top, self._state.read_past(position), cause)
        else:
            self._give_position(cause)

    def _give_position(self, cause: str) -> None:
        """Send snapshots if one without a position was sent: no step leads on from it."""
        if self._state.forgive_unpositioned() and (last := self._state.top) is not None:
            self._resync(last, self._state.head, lambda: None, cause)

    def _begin(self, top: Top, past: Sequence[BusMessage], cause: str) -> None:
        """Send snapshots of the last state that the stream has, or else of what was read."""
        if past:
            top = past[-1].top
            self._resync(top, position_of(top), lambda: self._state.restart_after(past), cause)
        else:
            start = position_of(top)
            self._resync(top, start, lambda: self._state.restart(start, top), cause)

    def _receive(self, message: BusMessage) -> None:
        head, position = self._state.head, position_of(message)
        if position.epoch == head.epoch and position.seq <= head.seq:
            return
        before = Position(message.epoch, message.seq - 1)
        if before == head and self._state.top is not None:
            self._publish([message])
        elif missed := self._state.read_missed(position):
            self._publish(missed)
        elif self._state.top is not None and position.epoch != head.epoch and not before.seq:
            # The first message of a new epoch: the last known top is the state before it.
            top = replace(self._state.top, epoch=message.epoch, seq=0)
            self._resync(top, before, lambda: self._state.restart(before, top), "epoch")
            self._publish([message])
        else:
            self._resync_at(message, before)

    def _resync_at(self, message: BusMessage, before: Position) -> None:
        """Send snapshots after a hole.

        The message's top is the state after all that was missed. Its own events are in no snapshot,
        so they are published all the same.
        """
        kept = self._state.read_past(position_of(message))
        past = [known for known in kept if known.seq < message.seq]
        message = self.audience.complete(message, self._channels.list_shown_ids())

        def begin() -> None:
            if past:
                self._state.restart_after(past)
            else:
                self._state.restart(before, None)
            self._state.append([message])

        self._resync(message.top, before, begin, "hole")
        self._send(self._channels.take_steps(message.acting))

    def _publish(self, messages: Sequence[BusMessage]) -> None:
        """Move on by these messages, and send each channel its step."""
        self._give_position("position")
        completed = [
            self.audience.complete(message, self._channels.list_shown_ids()) for message in messages
        ]
        self._state.append(completed)
        # Every channel moves before the first send: a listener that subscribes while others are
        # sent their step is shown the new position, whichever channel it chooses.
        acting = frozenset().union(*(message.acting for message in messages))
        self._send(self._channels.take_steps(acting))

    def _send(self, steps: Sequence[Step]) -> None:
        if self._channels.has_held:
            self.on_held()
        self._send_all(steps)

    def _send_all(self, steps: Sequence[Step]) -> None:
        for channel, outgoing in steps:
            channel.send_step(outgoing, self._yield_turn, self._writes_per_turn)

    def _resync(
        self, top: Top, own_position: Position, begin: Callable[[], None], cause: str
    ) -> None:
        """Send every listener a snapshot of `top`; own channels are at `own_position` after it.

        `begin` moves the ring there.
        """
        present = self.listeners.present
        metrics.resyncs.labels(cause=cause).inc()
        if present:
            logger.info("listeners resynced", cause=cause, listeners=len(present))
        self.audience.announce_all()
        standings = self._state.find_standings(top, self._channels.list_users)
        begin()
        self.watch.note_standings(standings)
        self._channels.restart(own_position, top)
        for count, listener in enumerate(tuple(present), start=1):
            if listener in present:  # it may have left while others had their turn
                self._send_start(listener, own_position, top, standings.get(listener.user_id))
            if count % self._writes_per_turn == 0:
                self._yield_turn()

    def _send_start(
        self, listener: Listener, own_position: Position, top: Top, own: Standing | None
    ) -> None:
        now = self._now()
        start = encode_own_start(own_position, top.total_users, own, now)
        view = self._channels.views.get(listener.view) if listener.view else None
        if view is not None:
            start += encode_view_start(view, view.position, own, now)
        listener.send(start)
