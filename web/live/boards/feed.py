"""The feed of one board, or of one segment of it: its followers, and what its ranking says now.

Every message of the bus has the first rows whole, so one that was missed does no harm: the step to
the next leads from what was shown last. The first message is shown at once, what comes within
WINDOW_SECONDS after it as one.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf

import gevent

from domain.errors import LaurelError
from domain.events.following import BoardPart, CurrentRanking, RankingTop, name_top
from domain.store.redis.ranking_bus import PlacedTop, RankingMessage
from domain.store.store import Store
from web.live import metrics
from web.live.boards.around import AroundFollowers
from web.live.boards.ranking_around import RankingAround
from web.live.boards.top_followers import Step, TopFollowers
from web.live.channel_names import around_channel, top_channel
from web.live.channels import WINDOW_SECONDS, Listener
from web.live.hub import WRITES_PER_TURN
from web.live.outgoing import Message, Outgoing
from web.live.protocol import MessageId, Position


class BoardFeed:
    """What the followers of a part of a board are shown; belongs to one event loop.

    `renew`, `receive`, `flush` and `switch` may switch greenlets, and take turns; the others may
    not.
    """

    def __init__(
        self,
        store: Store,
        part: BoardPart,
        current: CurrentRanking,
        top: RankingTop,
        *,
        clock: Callable[[], float] = time.monotonic,
        yield_turn: Callable[[], None] = gevent.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        writes_per_turn: int = WRITES_PER_TURN,
    ):
        self.part = part
        self.current = current
        self.around = AroundFollowers(RankingAround(store, part, lambda: self.current), now=now)
        self.is_stale = _is_stale(current, top)
        self.idle_since: float | None = clock()
        # When its period ends, and when it is to be published again, by the clock; and the ranking
        # of which Redis was told. Kept by `feeds.py`.
        self.ends_at: float | None = None
        self.publish_at: float | None = None
        self.marked_no: int | None = None
        self._store = store
        self._tops = TopFollowers(part, current, top, now=now, clock=clock)
        self._clock = clock
        self._yield_turn = yield_turn
        self._writes_per_turn = writes_per_turn
        # The latest message that is not shown yet, and when something was shown last.
        self._held: PlacedTop | None = None
        self._shown_at = -inf
        # Held for one message or one snapshot to all: their sends must not interleave.
        self._order = threading.Lock()

    @property
    def ranking_no(self) -> int | None:
        """The number of the ranking that is shown; None while nobody is in it."""
        return self.current.ranking.number if self.current.ranking else None

    def add(
        self, listener: Listener, limit: int, message_id: MessageId, since: Position | None = None
    ) -> None:
        """Let a listener follow the first `limit` rows: from `since` on, or from a snapshot."""
        self._tops.add(listener, limit, message_id, since)
        self.idle_since = None

    def add_around(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the rows around its user. Raises DatabaseUnavailableError."""
        self.idle_since = None
        try:
            self.around.start(listener, limit, message_id)
        finally:
            self._note_idle()

    def remove(self, listener: Listener) -> None:
        """Stop sending the first rows to a listener; removing it again changes nothing."""
        self._tops.remove(listener)
        self._note_idle()

    def remove_around(self, listener: Listener) -> None:
        """Stop sending a listener the rows around its user."""
        self.around.views.pop(listener, None)
        self._note_idle()

    def read_around(self) -> None:
        """Send the rows around their users to those for whom they have changed.

        Raises DatabaseUnavailableError.
        """
        if self.is_stale:
            self.around.mark_changed()
        self.around.read_changed()

    def seconds_to_flush(self) -> float:
        """Return after how many seconds to flush; `inf` while nothing is held back."""
        return inf if self._held is None else max(0.0, self._window_left())

    def receive(self, message: RankingMessage) -> None:
        """Show what a message of the bus changes, or hold it back until it is time.

        Raises ValueError, TypeError or KeyError for a message that is damaged, and
        DatabaseUnavailableError for a name.
        """
        ranking = self.current.ranking
        if ranking is None or ranking.number != message.ranking_no:
            return
        self.around.mark_changed()
        placed = message.read_top(ranking.order)
        if placed is None:
            self.is_stale = True
        elif not _has_all(self._held or self._tops.top, placed):
            self._held = placed
            self.flush()

    def flush(self) -> None:
        """Show what is held back, if it is time. Raises DatabaseUnavailableError for a name."""
        if self.seconds_to_flush() > 0:
            return
        with self._order:
            # Others may have shown something while we waited.
            if self._held is None or self._window_left() > 0:
                return
            held, self._held = self._held, None
            ranking = self.current.ranking
            if ranking is None or _has_all(self._tops.top, held):
                return
            try:
                top = name_top(self._store, ranking=ranking, top=held)
            except LaurelError:
                self.is_stale = True
                raise
            self._show(top, "epoch")

    def renew(self, top: RankingTop) -> None:
        """Take what the stores say of the ranking that is shown."""
        with self._order:
            shown = self._tops.top
            self.is_stale = _is_stale(self.current, top)
            if top.epoch and _has_all(shown, top):
                return
            if self._window_left() > 0:
                # Too soon: to be read again.
                self.is_stale = True
            elif top.epoch:
                self._show(top, "stale")
            elif (top.total, top.standings) != (shown.total, shown.standings):
                self._restart(top, "stale")

    def switch(self, current: CurrentRanking, top: RankingTop, cause: str) -> None:
        """Show another ranking from now on: send everybody a snapshot of it."""
        with self._order:
            self.current = current
            self._held = None
            self.is_stale = _is_stale(current, top)
            self._restart(top, cause)

    def announce(self, encode: Callable[[str], Message]) -> None:
        """Send one message to every follower; `encode` makes it for a channel's name."""
        board = self.part.board
        for channel, listeners in (
            (top_channel(board), self._tops.listeners),
            (around_channel(board), tuple(self.around.views)),
        ):
            if listeners:
                outgoing = Outgoing(encode(channel))
                for listener in listeners:
                    listener.send(outgoing)

    def _window_left(self) -> float:
        return self._shown_at + WINDOW_SECONDS - self._clock()

    def _show(self, top: RankingTop, cause: str) -> None:
        if top.epoch != self._tops.top.epoch:
            self._restart(top, cause)
            return
        self.is_stale = False
        self.around.mark_changed()
        self._send(self._tops.advance(top))

    def _restart(self, top: RankingTop, cause: str) -> None:
        metrics.board_snapshots.labels(cause=cause).inc()
        self.around.mark_changed()
        self._send(self._tops.restart(self.current, top))

    def _send(self, steps: list[Step]) -> None:
        if steps:
            self._shown_at = self._clock()
        for view, outgoing in steps:
            view.send_step(outgoing, self._yield_turn, self._writes_per_turn)

    def _note_idle(self) -> None:
        if self._tops.listeners or self.around.views:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = self._clock()


def _is_stale(current: CurrentRanking, top: RankingTop) -> bool:
    """Return whether messages of the bus do not lead on from this top, although some may come."""
    return current.ranking is not None and not current.ranking.revision and not top.epoch


def _has_all(top: PlacedTop | RankingTop, other: PlacedTop | RankingTop) -> bool:
    """Return whether the other top is not newer than this one."""
    return other.epoch == top.epoch and other.seq <= top.seq
