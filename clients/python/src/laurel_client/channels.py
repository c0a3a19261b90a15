"""What the followed channels show, kept up to date by the events of `laurel.v1`, without I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

LEADERBOARD = "leaderboard"
OWN = "user:self"
AROUND = "around"


@dataclass(frozen=True)
class Position:
    """A point in a channel's history."""

    epoch: str
    seq: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A player's row. `score` is a float on boards with decimals; `index` orders shared ranks."""

    rank: int
    user_id: UUID
    username: str
    score: int | float
    index: int = 0


class Channel:
    """A followed channel: its rows in order, and one's own row in `you` where it has one.

    `is_current` is False from the loss of the connection until the channel has caught up.
    """

    def __init__(self, name: str, wish: Mapping[str, Any]):
        self.name = name
        self.rows: tuple[Row, ...] = ()
        self.you: Row | None = None
        self.total_users = 0
        self.is_current = False
        self.position: Position | None = None
        self._wish = dict(wish)
        # The number of the question that was not answered yet.
        self._asked: int | None = None

    def subscription(self, number: int) -> dict[str, Any]:
        """Return the message that asks for it, and for what was missed.

        Until the answer comes, what has a position is dropped: it is among what follows the answer.
        """
        self._asked = number
        message = {"op": "subscribe", "id": number, "channel": self.name, **self._wish}
        if self.position is not None and self.position.epoch:
            message["since"] = {"epoch": self.position.epoch, "seq": self.position.seq}
        return message

    def drops(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event comes too early: before the answer that it belongs to."""
        if event["event"] == "subscribed" and event["id"] == self._asked:
            self._asked = None
        return self._asked is not None and "seq" in event

    def take(self, event: Mapping[str, Any]) -> bool:
        """Apply an event; return False if one before it is missing.

        What the channel shows is then not changed: it has to be asked for again.
        """
        handle: Callable[[Mapping[str, Any]], None] | None = getattr(
            self, f"_on_{event['event']}", None
        )
        if not self._follows(event):
            self.is_current = False
            return False
        if handle is not None:
            handle(event)
        if "seq" in event:
            self.position = Position(event["epoch"], event["seq"])
        return True

    def _follows(self, event: Mapping[str, Any]) -> bool:
        if "from" not in event or self.position is None:
            return True
        # Events of one flush share their position.
        before = (self.position.epoch, self.position.seq)
        return before in ((event["epoch"], event["from"]), (event["epoch"], event["seq"]))

    def _on_subscribed(self, event: Mapping[str, Any]) -> None:
        # Without `recovered` a snapshot follows at once.
        self.is_current = self.is_current or event["recovered"]

    def _on_unsubscribed(self, _event: Mapping[str, Any]) -> None:
        self.is_current = False

    def _on_snapshot(self, event: Mapping[str, Any]) -> None:
        self.is_current = True
        self.total_users = event["totalUsers"]
        rows = event.get("leaderboard", event.get("around"))
        if rows is not None:
            self.rows = _ordered(map(_read_row, rows))
        if "you" in event:
            self.you = _read_row(event["you"]) if event["you"] else None

    _on_around = _on_snapshot

    def _on_leaderboard_changed(self, event: Mapping[str, Any]) -> None:
        rows = {row.user_id: row for row in self.rows}
        for user_id in event["removed"]:
            rows.pop(UUID(user_id), None)
        for change in event["changes"]:
            row = _read_row({**change, "rank": change["newRank"]})
            rows[row.user_id] = row
        self.rows = _ordered(rows.values())
        self.total_users = event["totalUsers"]


def _read_row(wire: Mapping[str, Any]) -> Row:
    return Row(
        rank=wire["rank"],
        user_id=UUID(wire["userId"]),
        username=wire["username"],
        score=wire["score"],
        index=wire.get("index", 0),
    )


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (row.index, row.rank)))
