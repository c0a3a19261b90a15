"""What this process knows of one board: its top, and whether it follows the board's bus.

Used by the hub alone. Methods that read a store may switch greenlets; the others may not.
"""

from collections.abc import Callable
from enum import Enum
from uuid import UUID

from domain.boards.model import Standing, Top
from web.live.board_source import BoardSource
from web.live.channels import Channel, position_of
from web.live.protocol import NO_POSITION, Position


class BusState(Enum):
    """How the bus of a board and this process stand to each other."""

    LOST = "lost"
    """Not subscribed: snapshots are read from the stores, and have no position."""
    UNPOSITIONED = "unpositioned"
    """Subscribed, but no position is known: the stores did not say one, or did not answer."""
    FOLLOWING = "following"
    """Subscribed, and the next message is the step from `head`, unless one was missed."""


class FollowedBoard:
    """The last known top of one board, and where it is on the bus."""

    def __init__(self, source: BoardSource):
        self.board = source.board
        self.top: Top | None = None
        self._source = source
        self._is_subscribed = False
        # A snapshot without a position was sent: its listener cannot apply the next step.
        self._sent_unpositioned = False

    @property
    def bus(self) -> BusState:
        """Whether the bus is followed now."""
        if not self._is_subscribed:
            return BusState.LOST
        return BusState.UNPOSITIONED if self.head == NO_POSITION else BusState.FOLLOWING

    @property
    def head(self) -> Position:
        """The position of the last known top; NO_POSITION before the first."""
        return position_of(self.top) if self.top else NO_POSITION

    def mark_subscribed(self) -> None:
        """Note that messages of the bus arrive from now on."""
        self._is_subscribed = True

    def mark_lost(self) -> None:
        """Note that messages of the bus may be missed from now on."""
        self._is_subscribed = False

    def read_top(self) -> Top:
        """Return the top of the stores. Raises DatabaseUnavailableError when all are away."""
        return self._source.read_top()

    def accept_unchanged(self, top: Top) -> bool:
        """Return whether `top` is where every listener already is: then nothing was missed."""
        if position_of(top) != self.head or self._sent_unpositioned:
            return False
        self.top = self.top or top
        return True

    def replace_top(self, top: Top) -> None:
        """Take this top for one that every listener is sent from scratch."""
        self.top = top
        self._sent_unpositioned = not top.epoch

    def position_for(self, channel: Channel, top: Top) -> Position:
        """Return the position of a snapshot of `top` on this channel.

        NO_POSITION unless the channel's next step builds on it.
        """
        if self._is_subscribed and top is self.top:
            return channel.position
        self._sent_unpositioned = True
        return NO_POSITION

    def find_snapshot(self, user_id: UUID) -> tuple[Top, Standing | None]:
        """Return the top of this moment, and the user's standing of now or a moment ago.

        Raises DatabaseUnavailableError when the board cannot be read at all.
        """
        top = self._current_top()
        own = _find_in(top, user_id)
        if own is None:
            own = self._source.find_standings([user_id]).get(user_id)
            top = self._current_top()
            own = _find_in(top, user_id) or own
        return top, own

    def find_standings(
        self, top: Top, list_users: Callable[[], list[UUID]]
    ) -> dict[UUID, Standing]:
        """Return the standings of these users and of the top's, as far as the stores answer.

        `list_users` is asked again after each lookup, for those who came during it.
        """
        found = {standing.user_id: standing for standing in top.standings}
        asked: set[UUID] = set()
        while missing := [user for user in list_users() if user not in found and user not in asked]:
            asked.update(missing)
            found.update(self._source.find_standings(missing))
        return found

    def _current_top(self) -> Top:
        if self._is_subscribed and self.top is not None:
            return self.top
        top = self._source.read_recent_top()
        # The bus may have come back during the read.
        return self.top if self._is_subscribed and self.top is not None else top


def _find_in(top: Top, user_id: UUID) -> Standing | None:
    return next((row for row in top.standings if row.user_id == user_id), None)
