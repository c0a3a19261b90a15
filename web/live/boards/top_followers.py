"""The listeners that follow the first rows of a board's part, and what moves them on.

All listeners with the same limit are a channel, at one position. Used by the feed, which says when.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from domain.boards.diff import diff_views
from domain.events.following import BoardPart, CurrentRanking, IndexedStanding, RankingTop
from web.live import metrics
from web.live.boards import encoding
from web.live.channel_names import top_channel
from web.live.channels import Channel, Listener
from web.live.encoding import subscribed
from web.live.history.resuming import Outcome, judge_since
from web.live.history.ring import Bounds, Ring
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position

Step = tuple[Channel, Outgoing]

# Of one part of a board: there may be many.
BOUNDS = Bounds(most_messages=1000, most_bytes=1 << 20)
# What a row takes that no other top has.
_ROW_BYTES = 400


class TopFollowers:
    """Who follows how many rows; `top` is what all of them know. No method switches greenlets."""

    def __init__(
        self,
        part: BoardPart,
        current: CurrentRanking,
        top: RankingTop,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ):
        self.current = current
        self.top = top
        self._part = part
        self._now = now
        # What has been shown lately, for those who come back.
        self._ring: Ring[RankingTop] = Ring(bounds=BOUNDS, clock=clock)
        self._ring.restart(position_of(top), top)
        self._views: dict[int, Channel] = {}
        self._limits: dict[Listener, int] = {}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All of them."""
        return tuple(self._limits)

    def add(
        self, listener: Listener, limit: int, message_id: MessageId, since: Position | None = None
    ) -> None:
        """Let a listener follow the first `limit` rows: from `since` on, or from a snapshot."""
        self.remove(listener)
        view = self._views.setdefault(limit, Channel(self._part.board, position_of(self.top)))
        view.add(listener)
        self._limits[listener] = limit
        missed = since and self._encode_missed(limit, view, since, message_id)
        listener.send(missed or self._encode_start(limit, view, message_id))

    def remove(self, listener: Listener) -> None:
        """Let a listener follow no rows; removing it again changes nothing."""
        limit = self._limits.pop(listener, None)
        if limit is not None:
            view = self._views[limit]
            view.remove(listener)
            if not view.listeners:
                del self._views[limit]

    def advance(self, top: RankingTop) -> list[Step]:
        """Move all to a later top of the same epoch, and return the steps to be sent.

        All channels move before the first send: who subscribes meanwhile is shown the new state.
        """
        before, self.top = self.top, _share_rows(self.top, top)
        self._ring.append(
            position_of(top),
            self.top,
            state_bytes=8 * len(top.standings) + _ROW_BYTES * _count_new(before, self.top),
        )
        return [*self._advance_views(before, self.top)]

    def restart(self, current: CurrentRanking, top: RankingTop) -> list[Step]:
        """Move all to another ranking or epoch, and return the snapshots to be sent."""
        self.current, self.top = current, top
        self._ring.restart(position_of(top), top)
        steps = []
        for limit, view in self._views.items():
            view.advance(position_of(top))
            steps.append((view, self._encode_start(limit, view, None)))
        return steps

    def _advance_views(self, before: RankingTop, top: RankingTop) -> Iterator[Step]:
        for limit, view in self._views.items():
            outgoing = self._encode_step(limit, before, view.position.seq, position_of(top))
            if outgoing is not None:
                view.advance(position_of(top))
                yield view, outgoing

    def _encode_step(
        self, limit: int, before: RankingTop, since: int, position: Position
    ) -> Outgoing | None:
        """Return the step from an earlier top to the one of now; None when it shows the same."""
        top = self.top
        diff = diff_views(before.standings, top.standings, limit)
        if diff.is_empty and top.total == before.total:
            return None
        return Outgoing(
            encoding.changed(
                self._part, self.current, since, position, diff, top.total, self._now()
            )
        )

    def _encode_missed(
        self, limit: int, view: Channel, since: Position, message_id: MessageId
    ) -> Outgoing | None:
        """Return what a listener at `since` has missed; None when that is not known."""
        position, before = view.position, self._ring.state_at(since)
        outcome = judge_since(self._ring, view, since)
        if outcome is Outcome.RECOVERED and before is None and since != position:
            # Messages of a ranking may be missed: what was shown there was never known.
            outcome = Outcome.EXPIRED
        metrics.resumes.labels(outcome.value).inc()
        if outcome is not Outcome.RECOVERED:
            return None
        name = top_channel(self._part.board)
        answer = Outgoing(subscribed(message_id, name, position, recovered=True))
        if before is None or since == position:
            return answer
        step = self._encode_step(limit, before, since.seq, position)
        return answer if step is None else answer + step

    def _encode_start(self, limit: int, view: Channel, message_id: MessageId) -> Outgoing:
        top, position = self.top, view.position
        return Outgoing(
            subscribed(message_id, top_channel(self._part.board), position),
            encoding.snapshot(
                self._part, self.current, position, top.standings[:limit], top.total, self._now()
            ),
        )


def position_of(top: RankingTop) -> Position:
    """Return the position of a top on its ranking's bus."""
    return Position(top.epoch, top.seq)


def _share_rows(before: RankingTop, top: RankingTop) -> RankingTop:
    """Return the later top with the rows of the earlier one where they are the same."""
    known = {row.user_id: row for row in before.standings}

    def keep(row: IndexedStanding) -> IndexedStanding:
        old = known.get(row.user_id)
        return old if old == row and old is not None else row

    return top._replace(standings=tuple(map(keep, top.standings)))


def _count_new(before: RankingTop, top: RankingTop) -> int:
    """Return how many rows of the later top are not those of the earlier one."""
    known = set(map(id, before.standings))
    return sum(id(row) not in known for row in top.standings)
