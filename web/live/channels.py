"""Channels of a board: the listeners that are at one position, and what moves them to the next.

`board_channels.py` owns them; `encoding.py` has the events they send. Nothing here knows a
transport.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import orjson

from domain.boards.model import BoardId, Standing, Top
from domain.events.changes import RankChanged, ScoreUpdated, ViewChanged
from web.live import encoding
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position

# A channel's flushes are at least this far apart; the first change after a pause is sent at once.
WINDOW_SECONDS = 0.25


class ViewKey(NamedTuple):
    """Which view: the first `limit` rows of a board."""

    board: BoardId
    limit: int


class Listener(Protocol):
    """One client of the hub; `send` must not make the caller wait."""

    view: ViewKey | None
    """Which view it follows; set by the hub."""

    @property
    def user_id(self) -> UUID:
        """Whose listener this is."""

    def send(self, outgoing: Outgoing) -> None:
        """Send messages that were built once for many listeners."""


class Channel:
    """Listeners of a board, and the position they are at.

    `behind` are those that must still be sent the last step. Other greenlets may have their turn
    while it is sent: a listener that leaves, or is shown the state at the new position, is not
    behind any more. `is_pending` says that something is held back until the window that began at
    `window_began` (monotonic seconds) is over.
    """

    __slots__ = ("behind", "board", "is_pending", "listeners", "position", "window_began")

    def __init__(self, board: BoardId, position: Position):
        self.board = board
        self.position = position
        self.listeners: set[Listener] = set()
        self.behind: set[Listener] = set()
        self.is_pending = False
        self.window_began = float("-inf")

    def add(self, listener: Listener) -> None:
        """Add a listener that is shown the state at `position`; one that is there catches up."""
        self.listeners.add(listener)
        self.behind.discard(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a listener; removing it again changes nothing."""
        self.listeners.discard(listener)
        self.behind.discard(listener)

    def window_left(self, now: float) -> float:
        """Return for how many seconds nothing more may be sent; none are left at 0 or less."""
        return self.window_began + WINDOW_SECONDS - now

    def advance(self, position: Position) -> None:
        """Move to a position that every listener must be sent the step to."""
        self.position = position
        self.is_pending = False
        self.behind = set(self.listeners)

    def restart(self, position: Position) -> None:
        """Move to a position at which every listener is sent a snapshot."""
        self.position = position
        self.is_pending = False
        self.behind = set()

    def send_step(
        self, outgoing: Outgoing, yield_turn: Callable[[], None], writes_per_turn: int
    ) -> None:
        """Send the last step to those behind; others have their turn after so many writes."""
        behind, writes = self.behind, 0
        while behind:
            behind.pop().send(outgoing)
            writes += 1
            if writes % writes_per_turn == 0:
                yield_turn()


class OwnChannel(Channel):
    """The listeners of one user's own events, and how many were sent in the window."""

    __slots__ = ("sent", "user_id")

    def __init__(self, board: BoardId, position: Position, user_id: UUID):
        super().__init__(board, position)
        self.user_id = user_id
        self.sent = 0


class View(Channel):
    """The first rows of a board as all its listeners know them: `shown`, of the last flush.

    The rows of its snapshot are encoded once per flush, and so is what was missed since some
    position: many that were cut off at once were at the same one.
    """

    __slots__ = ("_missed", "_rows", "_shown_ids", "limit", "shown")

    def __init__(self, key: ViewKey, position: Position, shown: Top):
        super().__init__(key.board, position)
        self.limit = key.limit
        self._rows: orjson.Fragment | None = None
        self._shown_ids: frozenset[str] | None = None
        self._missed: dict[int, Outgoing | None] = {}
        self.shown = shown

    @property
    def shown_ids(self) -> frozenset[str]:
        """The text of the ids of the users who are shown."""
        if self._shown_ids is None:
            rows = self.shown.standings[: self.limit]
            self._shown_ids = frozenset(str(row.user_id) for row in rows)
        return self._shown_ids

    def show(self, top: Top) -> None:
        """Note what all listeners know from now on."""
        self.shown = top
        self._rows = None
        self._shown_ids = None
        self._missed = {}

    def is_touched(self, top: Top, acting: frozenset[str]) -> bool:
        """Return whether a later top, or what these users did, may be a change of this view."""
        return (
            top.total_users != self.shown.total_users
            or top.standings[: self.limit] != self.shown.standings[: self.limit]
            or not acting.isdisjoint(self.shown_ids)
        )

    def encode_rows(self) -> orjson.Fragment:
        """Return the rows that are shown as JSON."""
        if self._rows is None:
            self._rows = encoding.encode_rows(self.shown.standings[: self.limit])
        return self._rows

    def encode_missed(self, since: int, encode: Callable[[], Outgoing | None]) -> Outgoing | None:
        """Return what `encode` makes of the steps from `since`, made once until the next flush."""
        if since not in self._missed:
            self._missed[since] = encode()
        return self._missed[since]


def encode_own_events(
    events: Iterable[ScoreUpdated | RankChanged], since: int, position: Position, at: datetime
) -> Outgoing:
    """Return what one user's own listeners are sent; each event leads from `since` on."""
    return Outgoing(
        *(
            encoding.score_updated(event, OWN_CHANNEL, since, position, at)
            if isinstance(event, ScoreUpdated)
            else encoding.user_position_changed(event, since, position, at)
            for event in events
        )
    )


def encode_view_change(
    change: ViewChanged, since: int, position: Position, at: datetime
) -> Outgoing:
    """Return what the listeners of a view are sent; each event leads from `since` on.

    `leaderboard_changed` is the last.
    """
    updates = (
        encoding.score_updated(update, LEADERBOARD, since, position, at)
        for update in change.updates
    )
    changed = encoding.leaderboard_changed(change.diff, change.total_users, since, position, at)
    return Outgoing(*updates, changed)


def encode_own_start(
    position: Position,
    total_users: int,
    own: Standing | None,
    now: datetime,
    message_id: MessageId = None,
) -> Outgoing:
    """Return what a user's own channel starts with: its position and the user's standing."""
    return Outgoing(
        encoding.subscribed(message_id, OWN_CHANNEL, position),
        encoding.own_snapshot(position, total_users, own, now),
    )


def encode_view_start(
    view: View,
    position: Position,
    own: Standing | None,
    now: datetime,
    message_id: MessageId = None,
) -> Outgoing:
    """Return what a view starts with: its position, and the snapshot of its rows there."""
    total_users = view.shown.total_users
    return Outgoing(
        encoding.subscribed(message_id, LEADERBOARD, position),
        encoding.board_snapshot(position, view.encode_rows(), total_users, own, now),
    )
