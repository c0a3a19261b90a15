"""A channel: listeners who stand at one position, and the bytes that move them to the next."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import orjson

from domain.boards.model import Standing, Top
from domain.events.changes import PositionChanged, ScoreUpdated, ViewChanged
from domain.events.wire import BusMessage
from web.live import encoding
from web.live.outgoing import Outgoing
from web.live.protocol import LEADERBOARD, OWN_CHANNEL, MessageId, Position


class Listener(Protocol):
    """Who can be told something; must not make the caller wait."""

    limit: int | None

    @property
    def user_id(self) -> UUID:
        """Whose listener this is."""

    def send(self, outgoing: Outgoing) -> None:
        """Send messages that were built once for many listeners."""


class Channel:
    """Listeners and the position at which all of them stand."""

    __slots__ = ("listeners", "position")

    def __init__(self, position: Position):
        self.position = position
        self.listeners: set[Listener] = set()


class View(Channel):
    """The first `limit` rows of the board; its snapshot's rows are encoded once per position."""

    __slots__ = ("_rows", "_rows_of", "limit")

    def __init__(self, position: Position, limit: int):
        super().__init__(position)
        self.limit = limit
        self._rows: orjson.Fragment | None = None
        self._rows_of: Top | None = None

    def encode_rows(self, top: Top) -> orjson.Fragment:
        """Return this view's rows of the top as JSON."""
        if self._rows is None or self._rows_of is not top:
            self._rows = encoding.encode_rows(top.standings[: self.limit])
            self._rows_of = top
        return self._rows


def position_of(place: Top | BusMessage) -> Position:
    """Return the position of a top or a bus message."""
    return Position(place.epoch, place.seq)


def encode_own_events(
    events: Iterable[ScoreUpdated | PositionChanged], message: BusMessage, since: int
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
    changed = encoding.leaderboard_changed(
        change.difference, change.total_users, since, position, at
    )
    return Outgoing(*updates, changed)


def encode_own_start(
    position: Position, top: Top, own: Standing | None, message_id: MessageId = None
) -> Outgoing:
    """Return what a user's own channel starts with: its position and the user's standing."""
    return Outgoing(
        encoding.subscribed(message_id, OWN_CHANNEL, position),
        encoding.own_snapshot(position, top.total_users, own, datetime.now(UTC)),
    )


def encode_view_start(
    view: View, position: Position, top: Top, own: Standing | None, message_id: MessageId = None
) -> Outgoing:
    """Return what a view starts with: its position, and the snapshot of its rows there."""
    rows = view.encode_rows(top)
    return Outgoing(
        encoding.subscribed(message_id, LEADERBOARD, position),
        encoding.board_snapshot(position, rows, top.total_users, own, datetime.now(UTC)),
    )
