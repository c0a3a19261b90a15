"""A channel: listeners who stand at one position, and the bytes that move them to the next."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import orjson

from domain.boards.model import Standing, Top
from domain.events.changes import RankChanged, ScoreUpdated, ViewChanged
from domain.events.wire import BusMessage
from web.live import encoding
from web.live.protocol import LEADERBOARD, OWN_CHANNEL, MessageId, Position
from web.live.transports.frames import text_frame


class Listener(Protocol):
    """Who can be told something; must not make the caller wait."""

    limit: int | None

    @property
    def user_id(self) -> UUID:
        """Whose listener this is."""

    def send(self, frames: bytes) -> None:
        """Take frames that were built once for many."""


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
    events: Iterable[ScoreUpdated | RankChanged], message: BusMessage, since: int
) -> bytes:
    """Return the frames that one user's listeners get for one bus message."""
    position, at = position_of(message), message.top.read_at
    return b"".join(
        text_frame(
            encoding.score_updated(event, OWN_CHANNEL, since, position, at)
            if isinstance(event, ScoreUpdated)
            else encoding.user_position_changed(event, since, position, at)
        )
        for event in events
    )


def encode_view_change(change: ViewChanged, message: BusMessage, since: int) -> bytes:
    """Return the frames that the listeners of a view get for one bus message.

    All of them lead from `since` to the message's position; `leaderboard_changed` is the last.
    """
    position, at = position_of(message), message.top.read_at
    frames = [
        text_frame(encoding.score_updated(update, LEADERBOARD, since, position, at))
        for update in change.updates
    ]
    changed = encoding.leaderboard_changed(change.diff, change.total_users, since, position, at)
    return b"".join((*frames, text_frame(changed)))


def encode_own_start(
    position: Position, top: Top, own: Standing | None, message_id: MessageId = None
) -> bytes:
    """Return the frames with which a user's own channel starts."""
    snapshot = encoding.own_snapshot(position, top.total_users, own, datetime.now(UTC))
    subscribed = encoding.subscribed(message_id, OWN_CHANNEL, position)
    return text_frame(subscribed) + text_frame(snapshot)


def encode_view_start(
    view: View, position: Position, top: Top, own: Standing | None, message_id: MessageId = None
) -> bytes:
    """Return the frames with which a view starts: where it stands, and what it shows there."""
    snapshot = encoding.board_snapshot(
        position, view.encode_rows(top), top.total_users, own, datetime.now(UTC)
    )
    subscribed = encoding.subscribed(message_id, LEADERBOARD, position)
    return text_frame(subscribed) + text_frame(snapshot)
