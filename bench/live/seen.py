"""What all listeners of one process see, each distinct frame parsed once."""

import json
import time
from collections import OrderedDict
from typing import Any

# Frames whose last arrival may still come.
_KEPT_FRAMES = 512


class Seen:
    """Counts frames, and notes when the listeners have them."""

    def __init__(self) -> None:
        self.frames = self.bytes = 0
        self.recovered = self.restarted = self.holes = self.lost = 0
        self.hole = ""  # the first one
        self.back_seconds: list[float] = []
        self.scores: dict[str, list[float]] = {}
        self.spreads: list[float] = []
        self.probing = ""
        # By payload: the event, and when it was first and last received, and how often.
        self._frames: OrderedDict[bytes, tuple[dict[str, Any], list[float]]] = OrderedDict()

    def take(self, payload: bytes) -> dict[str, Any]:
        """Note the arrival of a frame at one listener; return its event."""
        self.frames += 1
        self.bytes += len(payload)
        found = self._frames.get(payload)
        if found is None:
            found = self._frames[payload] = (json.loads(payload), [])
            if len(self._frames) > _KEPT_FRAMES:
                self._forget(self._frames.popitem(last=False)[1])
        event, arrivals = found
        arrivals.append(time.time())
        if self.probing and event["event"] == "leaderboard_changed":
            self._note_score(event, arrivals[-1])
        return event

    def note_resumed(self, is_recovered: bool) -> None:
        """Note how a subscription was answered after a loss."""
        if is_recovered:
            self.recovered += 1
        else:
            self.restarted += 1

    def note_hole(self, before: object, event: dict[str, Any]) -> None:
        """Note an event that did not follow on from the position before it."""
        self.holes += 1
        self.hole = self.hole or f"after {before}: {json.dumps(event)[:500]}"

    def finish(self) -> None:
        """Take the frames that are still kept into account."""
        while self._frames:
            self._forget(self._frames.popitem(last=False)[1])

    def _note_score(self, event: dict[str, Any], at: float) -> None:
        for change in event["changes"]:
            if change["userId"] == self.probing:
                self.scores.setdefault(str(change["score"]), []).append(at)

    def _forget(self, frame: tuple[dict[str, Any], list[float]]) -> None:
        event, arrivals = frame
        # Own events and snapshots have one receiver.
        if len(arrivals) > 1 and event.get("event") not in ("subscribed", "snapshot"):
            self.spreads.append(arrivals[-1] - arrivals[0])
