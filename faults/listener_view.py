"""The state that a listener derives from events: positions on channels, and the board."""

from dataclasses import dataclass, field
from typing import Any

BOARD_ROWS = 10

Row = tuple[int, str, int]
"""Rank, user id, score."""


@dataclass
class ListenerView:
    """Applies every event; `gaps` are events that do not follow the position before them."""

    events: int = 0
    gaps: list[str] = field(default_factory=list)
    regressions: list[str] = field(default_factory=list)
    """Events by which a score went down, which only a moderator causes."""
    snapshots: int = 0
    _positions: dict[str, tuple[str, int]] = field(default_factory=dict)
    _rows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def apply(self, event: dict[str, Any]) -> bool:
        """Apply an event; return False when events before it are missing (then subscribe again)."""
        self.events += 1
        kind, channel = event["event"], event.get("channel", "user:self")
        if kind in ("welcome", "subscribed", "snapshot"):
            self._positions[channel] = (event["epoch"], event["seq"])
        if kind == "snapshot" and channel == "leaderboard":
            self.snapshots += 1
            self._rows = {
                row["userId"]: (row["rank"], row["score"]) for row in event["leaderboard"]
            }
        if "from" not in event:
            return True
        follows = self._follows(channel, event)
        self._positions[channel] = (event["epoch"], event["seq"])
        if kind == "leaderboard_changed":
            self._change(event)
        return follows

    def _follows(self, channel: str, event: dict[str, Any]) -> bool:
        epoch, seq = self._positions.get(channel, ("", -1))
        if event["epoch"] == epoch and seq in (event["from"], event["seq"]):
            return True
        self.gaps.append(
            f"{channel}: at {epoch[:8]}/{seq}, then {event['epoch'][:8]}/{event['from']}"
            f" to {event['seq']}"
        )
        return False

    def _change(self, event: dict[str, Any]) -> None:
        for user_id in event["removed"]:
            self._rows.pop(user_id, None)
        for change in event["changes"]:
            user, score = change["userId"], change["score"]
            _, known = self._rows.get(user, (0, 0))
            if score < known:
                self.regressions.append(f"seq {event['seq']}: {user} went from {known} to {score}")
            self._rows[user] = (change["newRank"], score)

    def board(self) -> list[Row]:
        """Return the rows of the board as a client of these events would show them."""
        return sorted((rank, user, score) for user, (rank, score) in self._rows.items())
