"""Channels of a board: the listeners that are at one position, and what moves them to the next.

The hub owns the channels; `encoding.py` has the events they send. Nothing here knows a transport.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import orjson

from domain.boards.model import BoardId, Standing, Top
from domain.events.changes import RankChanged, ScoreUpdated, ViewChanged
from domain.events.wire import BusMessage
from web.live import encoding
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.outgoing import Outgoing
from web.live.protocol import MessageId, Position


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
    behind any more.
    """

    __slots__ = ("behind", "board", "listeners", "position")

    def __init__(self, board: BoardId, position: Position):
        self.board = board
        self.position = position
        self.listeners: set[Listener] = set()
        self.behind: set[Listener] = set()

    def add(self, listener: Listener) -> None:
        """Add a listener that is shown the state at `position`; one that is there catches up."""
        self.listeners.add(listener)
        self.behind.discard(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a listener; removing it again changes nothing."""
        self.listeners.discard(listener)
        self.behind.discard(listener)

    def advance(self, position: Position) -> None:
        """Move to a position that every listener must be sent the step to."""
        self.position = position
        self.behind = set(self.listeners)

    def restart(self, position: Position) -> None:
        """Move to a position at which every listener is sent a snapshot."""
        self.position = position
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


class View(Channel):
    """The first rows of a board; the rows of its snapshot are encoded once per top."""

    __slots__ = ("_rows", "_rows_of", "limit")

    def __init__(self, key: ViewKey, position: Position):
        super().__init__(key.board, position)
        self.limit = key.limit
        self._rows: orjson.Fragment | None = None
        self._rows_of: Top | None = None

    def encode_rows(self, top: Top) -> orjson.Fragment:
        """Return this view's rows of the top as JSON."""
        if self._rows is None or self._rows_of is not top:
            self._rows = encoding.encode_rows(top.standings[: self.limit])
            self._rows_of = top
        return self._rows


def position_of(state: Top | BusMessage) -> Position:
    """Return the position of a top or a bus message."""
    return Position(state.epoch, state.seq)


def encode_own_events(
    events: Iterable[ScoreUpdated | RankChanged], message: BusMessage, since: int
) -> Outgoing:
    """Return what one user's own listeners are sent for one bus message.

    Each event leads from `since` to the message's position.
    """
    position, at = position_of(message), message.top.read_at
    return Outgoing(
        *(
            encoding.score_updated(event, OWN_CHANNEL, since, position, at)
            if isinstance(event, ScoreUpdated)
            else encoding.user_position_changed(event, since, position, at)
            for event in events
        )
    )


def encode_view_change(change: ViewChanged, message: BusMessage, since: int) -> Outgoing:
    """Return what the listeners of a view are sent for one bus message.

    Each event leads from `since` to the message's position; `leaderboard_changed` is the last.
    """
    position, at = position_of(message), message.top.read_at
    updates = (
        encoding.score_updated(update, LEADERBOARD, since, position, at)
        for update in change.updates
    )
    changed = encoding.leaderboard_changed(change.diff, change.total_users, since, position, at)
    return Outgoing(*updates, changed)


def encode_own_start(
    position: Position,
    top: Top,
    own: Standing | None,
    now: datetime,
    message_id: MessageId = None,
) -> Outgoing:
    """Return what a user's own channel starts with: its position and the user's standing."""
    return Outgoing(
        encoding.subscribed(message_id, OWN_CHANNEL, position),
        encoding.own_snapshot(position, top.total_users, own, now),
    )


def encode_view_start(
    view: View,
    position: Position,
    top: Top,
    own: Standing | None,
    now: datetime,
    message_id: MessageId = None,
) -> Outgoing:
    """Return what a view starts with: its position, and the snapshot of its rows there."""
    return Outgoing(
        encoding.subscribed(message_id, LEADERBOARD, position),
        encoding.board_snapshot(position, view.encode_rows(top), top.total_users, own, now),
    )


def encode_start(
    own_position: Position, view: View | None, top: Top, own: Standing | None, now: datetime
) -> Outgoing:
    """Return what both channels of a listener start with; `view` is the one that it follows."""
    start = encode_own_start(own_position, top, own, now)
    if view is not None:
        start += encode_view_start(view, view.position, top, own, now)
    return start
