"""The rows around the players who follow them: read again when the ranking has changed.

A change marks every follower; one thread reads them, each once a round, whatever came meanwhile.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from domain.events.following import BoardPart, CurrentRanking
from domain.rankings.reads.reader import RankingNeighborhood, find_neighborhood
from domain.store.store import Store
from web.live.boards import encoding
from web.live.channel_names import around_channel
from web.live.channels import Listener
from web.live.encoding import subscribed
from web.live.outgoing import Outgoing
from web.live.protocol import NO_POSITION, MessageId

NOBODY = RankingNeighborhood(0, (), None, (), None, None)


class AroundView:
    """What one listener was shown of the rows around its user, `limit` on either side."""

    __slots__ = ("is_changed", "limit", "shown")

    def __init__(self, limit: int):
        self.limit = limit
        self.is_changed = False
        # Nothing, until the subscription is answered.
        self.shown: object = None


class AroundFollowers:
    """The listeners of one board's part that follow the rows around their users.

    `read` may switch greenlets, and raises DatabaseUnavailableError.
    """

    def __init__(
        self,
        store: Store,
        part: BoardPart,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self.views: dict[Listener, AroundView] = {}
        self._store = store
        self._part = part
        self._now = now

    def start(
        self, listener: Listener, limit: int, current: CurrentRanking, message_id: MessageId
    ) -> None:
        """Let a listener follow, from a snapshot on. Raises DatabaseUnavailableError."""
        view = self.views[listener] = AroundView(limit)
        try:
            found = self._read(listener, view, current)
        except Exception:
            if self.views.get(listener) is view:
                del self.views[listener]
            raise
        if self.views.get(listener) is view:
            view.shown = _describe(current, found)
            channel = around_channel(self._part.board)
            listener.send(
                Outgoing(
                    subscribed(message_id, channel, NO_POSITION),
                    encoding.around("snapshot", self._part, current, found, self._now()),
                )
            )

    def mark_changed(self) -> None:
        """Let the next round read every listener's rows."""
        for view in self.views.values():
            view.is_changed = True

    def read_changed(self, find_current: Callable[[], CurrentRanking]) -> None:
        """Send every listener the rows around its user, if they have changed since the last round.

        `find_current` is asked before each read. Raises DatabaseUnavailableError; what is left is
        then read in the next round.
        """
        for listener, view in tuple(self.views.items()):
            if not view.is_changed or view.shown is None or self.views.get(listener) is not view:
                continue
            view.is_changed = False
            current = find_current()
            try:
                found = self._read(listener, view, current)
            except Exception:
                view.is_changed = True
                raise
            shown = _describe(current, found)
            if shown != view.shown and self.views.get(listener) is view:
                view.shown = shown
                event = encoding.around("around", self._part, current, found, self._now())
                listener.send(Outgoing(event))

    def _read(
        self, listener: Listener, view: AroundView, current: CurrentRanking
    ) -> RankingNeighborhood:
        if current.ranking is None:
            return NOBODY
        return find_neighborhood(
            self._store,
            ranking=current.ranking,
            user_id=listener.user_id,
            neighbors=view.limit,
            top_size=0,
            now=self._now(),
        )


def _describe(current: CurrentRanking, found: RankingNeighborhood) -> object:
    """Return what makes another event: not how many players there are in all."""
    return current.version.number, current.period, found.own, found.gap, found.around
