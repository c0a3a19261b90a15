"""The feed of one board, or of one segment of it: its followers, and what its ranking says now.

Every message of the bus has the first rows whole, so one that was missed does no harm: the step to
the next leads from what was shown last.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import gevent

from domain.boards.diff import diff_views
from domain.events.following import BoardPart, CurrentRanking, RankingTop, name_top
from domain.store.redis.ranking_bus import RankingMessage
from domain.store.store import Store
from web.live import metrics
from web.live.boards import encoding
from web.live.boards.around import AroundFollowers
from web.live.boards.ranking_around import RankingAround
from web.live.channel_names import around_channel, top_channel
from web.live.channels import Channel, Listener
from web.live.encoding import subscribed
from web.live.hub import WRITES_PER_TURN
from web.live.outgoing import Message, Outgoing
from web.live.protocol import MessageId, Position


class BoardFeed:
    """What the followers of a part of a board are shown; belongs to one event loop.

    `renew`, `receive` and `switch` may switch greenlets, and take turns; the others may not.
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
        self._top = top
        self._clock = clock
        self._yield_turn = yield_turn
        self._now = now
        self._writes_per_turn = writes_per_turn
        self._views: dict[int, Channel] = {}
        self._limits: dict[Listener, int] = {}
        # Held for one message or one snapshot to all: their sends must not interleave.
        self._order = threading.Lock()

    @property
    def ranking_no(self) -> int | None:
        """The number of the ranking that is shown; None while nobody is in it."""
        return self.current.ranking.number if self.current.ranking else None

    def add(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the first `limit` rows, from a snapshot on."""
        self.remove(listener)
        view = self._views.setdefault(limit, Channel(self.part.board, _position_of(self._top)))
        view.add(listener)
        self._limits[listener] = limit
        self.idle_since = None
        listener.send(self._encode_start(limit, view, message_id))

    def add_around(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the rows around its user. Raises DatabaseUnavailableError."""
        self.idle_since = None
        try:
            self.around.start(listener, limit, message_id)
        finally:
            self._note_idle()

    def remove(self, listener: Listener) -> None:
        """Stop sending the first rows to a listener; removing it again changes nothing."""
        limit = self._limits.pop(listener, None)
        if limit is not None:
            view = self._views[limit]
            view.remove(listener)
            if not view.listeners:
                del self._views[limit]
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

    def receive(self, message: RankingMessage) -> None:
        """Send what a message of the bus changes. Raises DatabaseUnavailableError for a name.

        Raises ValueError, TypeError or KeyError for a message that is damaged.
        """
        with self._order:
            ranking = self.current.ranking
            if ranking is None or ranking.number != message.ranking_no:
                return
            self.around.mark_changed()
            placed = message.read_top(ranking.order)
            if placed is None:
                self.is_stale = True
            elif not self._is_known(message.epoch, message.seq):
                self._show(name_top(self._store, ranking=ranking, top=placed), "epoch")

    def renew(self, top: RankingTop) -> None:
        """Take what the stores say of the ranking that is shown."""
        with self._order:
            self.is_stale = _is_stale(self.current, top)
            if top.epoch:
                if not self._is_known(top.epoch, top.seq):
                    self._show(top, "stale")
            elif (top.total, top.standings) != (self._top.total, self._top.standings):
                self._restart(top, "stale")

    def switch(self, current: CurrentRanking, top: RankingTop, cause: str) -> None:
        """Show another ranking from now on: send everybody a snapshot of it."""
        with self._order:
            self.current = current
            self.is_stale = _is_stale(current, top)
            self._restart(top, cause)

    def announce(self, encode: Callable[[str], Message]) -> None:
        """Send one message to every follower; `encode` makes it for a channel's name."""
        board = self.part.board
        for channel, listeners in (
            (top_channel(board), tuple(self._limits)),
            (around_channel(board), tuple(self.around.views)),
        ):
            if listeners:
                outgoing = Outgoing(encode(channel))
                for listener in listeners:
                    listener.send(outgoing)

    def _is_known(self, epoch: str, seq: int) -> bool:
        return epoch == self._top.epoch and seq <= self._top.seq

    def _show(self, top: RankingTop, cause: str) -> None:
        if top.epoch != self._top.epoch:
            self._restart(top, cause)
            return
        before, self._top, self.is_stale = self._top, top, False
        self.around.mark_changed()
        # All views move before the first send: who subscribes meanwhile is shown the new state.
        for view, outgoing in [*self._advance(before, top)]:
            view.send_step(outgoing, self._yield_turn, self._writes_per_turn)

    def _advance(self, before: RankingTop, top: RankingTop) -> Iterator[tuple[Channel, Outgoing]]:
        position, at = _position_of(top), self._now()
        for limit, view in self._views.items():
            diff = diff_views(before.standings[:limit], top.standings[:limit])
            if diff.is_empty and top.total == before.total:
                continue
            since = view.position.seq
            message = encoding.changed(
                self.part, self.current, since, position, diff, top.total, at
            )
            view.advance(position)
            yield view, Outgoing(message)

    def _restart(self, top: RankingTop, cause: str) -> None:
        metrics.board_snapshots.labels(cause=cause).inc()
        self._top = top
        self.around.mark_changed()
        steps = []
        for limit, view in self._views.items():
            view.advance(_position_of(top))
            steps.append((view, self._encode_start(limit, view, None)))
        for view, outgoing in steps:
            view.send_step(outgoing, self._yield_turn, self._writes_per_turn)

    def _encode_start(self, limit: int, view: Channel, message_id: MessageId) -> Outgoing:
        top, position = self._top, view.position
        return Outgoing(
            subscribed(message_id, top_channel(self.part.board), position),
            encoding.snapshot(
                self.part, self.current, position, top.standings[:limit], top.total, self._now()
            ),
        )

    def _note_idle(self) -> None:
        if self._limits or self.around.views:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = self._clock()


def _position_of(top: RankingTop) -> Position:
    return Position(top.epoch, top.seq)


def _is_stale(current: CurrentRanking, top: RankingTop) -> bool:
    """Return whether messages of the bus do not lead on from this top, although some may come."""
    return current.ranking is not None and not current.ranking.revision and not top.epoch
