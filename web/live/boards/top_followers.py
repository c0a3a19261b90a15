"""The listeners that follow the first rows of a board's part, and what moves them on.

All listeners with the same limit are a channel, at one position. Used by the feed, which says when.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from domain.boards.diff import diff_views
from domain.events.following import BoardPart, CurrentRanking, RankingTop
from web.live.boards import encoding
from web.live.channel_names import top_channel
from web.live.channels import Channel, Listener
from web.live.encoding import subscribed
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position

Step = tuple[Channel, Outgoing]


class TopFollowers:
    """Who follows how many rows; `top` is what all of them know. No method switches greenlets."""

    def __init__(
        self,
        part: BoardPart,
        current: CurrentRanking,
        top: RankingTop,
        *,
        now: Callable[[], datetime],
    ):
        self.current = current
        self.top = top
        self._part = part
        self._now = now
        self._views: dict[int, Channel] = {}
        self._limits: dict[Listener, int] = {}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All of them."""
        return tuple(self._limits)

    def add(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow the first `limit` rows, from a snapshot on."""
        self.remove(listener)
        view = self._views.setdefault(limit, Channel(self._part.board, position_of(self.top)))
        view.add(listener)
        self._limits[listener] = limit
        listener.send(self._encode_start(limit, view, message_id))

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
        before, self.top = self.top, top
        return [*self._advance_views(before, top)]

    def restart(self, current: CurrentRanking, top: RankingTop) -> list[Step]:
        """Move all to another ranking or epoch, and return the snapshots to be sent."""
        self.current, self.top = current, top
        steps = []
        for limit, view in self._views.items():
            view.advance(position_of(top))
            steps.append((view, self._encode_start(limit, view, None)))
        return steps

    def _advance_views(self, before: RankingTop, top: RankingTop) -> Iterator[Step]:
        position, at = position_of(top), self._now()
        for limit, view in self._views.items():
            diff = diff_views(before.standings[:limit], top.standings[:limit])
            if diff.is_empty and top.total == before.total:
                continue
            since = view.position.seq
            message = encoding.changed(
                self._part, self.current, since, position, diff, top.total, at
            )
            view.advance(position)
            yield view, Outgoing(message)

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
