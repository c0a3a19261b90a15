"""What this process knows of one board: its ring of states, and whether it follows the bus.

Used by the hub alone. Methods that read a store may switch greenlets; the others may not.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from uuid import UUID

from domain.boards.model import Standing, Top
from domain.events.steps import encode_steps
from domain.events.wire import BusMessage
from web.live.board_source import BoardSource
from web.live.history.ring import Ring
from web.live.protocol import NO_POSITION, Position

# What a row that has changed takes in memory.
_ROW_BYTES = 400


class BusState(Enum):
    """How the bus of a board and this process stand to each other."""

    LOST = "lost"
    """Not subscribed: snapshots are read from the stores, and have no position."""
    UNPOSITIONED = "unpositioned"
    """Subscribed, but no position is known: the stores did not say one, or did not answer."""
    FOLLOWING = "following"
    """Subscribed, and the next message is the step from `head`, unless one was missed."""


class FollowedBoard:
    """The last known tops of one board, and where it is on the bus."""

    def __init__(self, source: BoardSource, ring: Ring[Top]):
        self.board = source.board
        self._source = source
        self._ring = ring
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
    def top(self) -> Top | None:
        """The last known top; None before the first."""
        return self._ring.state

    @property
    def head(self) -> Position:
        """The position of the last known top; NO_POSITION before the first."""
        return self._ring.head

    @property
    def is_current(self) -> bool:
        """Whether the last known top is the one of now."""
        return self._is_subscribed and self.top is not None

    def mark_subscribed(self) -> None:
        """Note that messages of the bus arrive from now on."""
        self._is_subscribed = True

    def mark_lost(self) -> None:
        """Note that messages of the bus may be missed from now on."""
        self._is_subscribed = False

    def read_top(self) -> Top:
        """Return the top of the stores. Raises DatabaseUnavailableError when all are away."""
        return self._source.read_top()

    def read_current_top(self) -> Top:
        """Return the top of now or a moment ago. Raises DatabaseUnavailableError."""
        if self.is_current and self.top is not None:
            return self.top
        top = self._source.read_recent_top()
        # The bus may have come back during the read.
        return self.top if self.is_current and self.top is not None else top

    def read_missed(self, upto: Position) -> list[BusMessage]:
        """Return all messages after the head, this position's at least; none if one is lost."""
        head = self.head
        if head.epoch != upto.epoch or head == NO_POSITION:
            return []
        messages = self._source.read_messages(upto.epoch, first_seq=head.seq + 1)
        is_whole = bool(messages) and messages[0].seq == head.seq + 1
        return messages if is_whole and messages[-1].seq >= upto.seq else []

    def read_past(self, upto: Position) -> list[BusMessage]:
        """Return the last messages up to this position or beyond, without a gap, if it is kept."""
        messages = self._source.read_messages(upto.epoch, upto_seq=upto.seq)
        return messages if messages and messages[-1].seq >= upto.seq else []

    def accept_unchanged(self, top: Top) -> bool:
        """Return whether `top` is where every listener already is: then nothing was missed."""
        if position_of(top) != self.head or self._sent_unpositioned:
            return False
        if self.top is None:
            self._ring.restart(self.head, top)
        return True

    def restart(self, position: Position, top: Top | None) -> None:
        """Begin at this position; every listener is sent what is there from scratch."""
        self._ring.restart(position, top)
        self._sent_unpositioned = position == NO_POSITION

    def restart_after(self, past: Sequence[BusMessage]) -> None:
        """Begin after these messages, which follow each other.

        The state before the first of them is not known; what its users did is.
        """
        self.restart(Position(past[0].epoch, past[0].seq - 1), None)
        self.append(past)

    def append(self, messages: Sequence[BusMessage]) -> None:
        """Move on by these messages, which follow each other and the head."""
        for message in messages:
            before = self._ring.state
            known = zip(message.top.standings, before.standings if before else (), strict=False)
            changed = len(message.top.standings) - sum(row is old for row, old in known)
            self._ring.append(
                position_of(message),
                message.top,
                steps=encode_steps(message),
                acting=message.acting,
                state_bytes=8 * len(message.top.standings) + _ROW_BYTES * changed,
            )

    def forgive_unpositioned(self) -> bool:
        """Return whether somebody was sent a snapshot without a position; a new one follows."""
        sent, self._sent_unpositioned = self._sent_unpositioned, False
        return sent

    def position_for(self, position: Position) -> Position:
        """Return the position for a snapshot of a channel at this one.

        NO_POSITION unless the channel's next step builds on it.
        """
        if self.is_current:
            return position
        self._sent_unpositioned = True
        return NO_POSITION

    def find_standing(self, user_id: UUID) -> Standing | None:
        """Return where the user stands now or stood a moment ago, as far as the stores answer."""
        own = self.find_in_top(user_id)
        if own is None:
            own = self._source.find_standing(user_id)
            own = self.find_in_top(user_id) or own
        return own

    def find_in_top(self, user_id: UUID) -> Standing | None:
        """Return where the user stands in the last known top."""
        return find_in(self.top, user_id) if self.top else None

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


def position_of(state: Top | BusMessage) -> Position:
    """Return the position of a top or a bus message."""
    return Position(state.epoch, state.seq)


def find_in(top: Top, user_id: UUID) -> Standing | None:
    """Return the user's row of a top."""
    return next((row for row in top.standings if row.user_id == user_id), None)
