"""A client that keeps to the protocol: it applies what leads on from where it is, and resumes."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson

from web.live.channels import ViewKey
from web.live.hub import Hub
from web.live.outgoing import Outgoing
from web.live.protocol import Position

Event = dict[str, Any]
OWN, LEADERBOARD = "user:self", "leaderboard"


class Client:
    """One user's client; its state outlives its connections.

    While it waits for the answer to a subscription it drops what does not fit: the answer has it.
    """

    def __init__(self, user_no: int, limit: int, clock: Callable[[], float]):
        self.user_id = UUID(int=user_no)
        self.limit = limit
        self.view: ViewKey | None = None
        self.positions: dict[str, tuple[str, int]] = {}
        self.rows: dict[str, tuple[int, int]] = {}
        self.total_users = 0
        # Own actions told since the position at which they were begun to be counted.
        self.told: list[str] = []
        self.merged = 0
        self.counted_from: tuple[str, int] | None = None
        self.flushed_at: list[float] = []
        self.answers: list[Event] = []
        self.events: list[Event] = []
        self.rank: int | None = None
        self.is_connected = False
        self._clock = clock
        self._waits = {OWN: False, LEADERBOARD: False}
        self._step: dict[str, tuple[int, int]] = {}
        # Of a resumed channel one step may come at once, whatever the others hear.
        self._is_missed = False

    def connect(self, hub: Hub) -> None:
        """Join, keeping what it knows; `resume` follows, after whatever happens in between."""
        self.begin()
        hub.listeners.register(self)
        if OWN not in self.positions:
            position = hub.listeners.own_position(self.user_id)
            self._begin_counting((position.epoch, position.seq))
            self._waits[OWN] = False

    def begin(self) -> None:
        """Begin a connection: what comes before the answers may not fit."""
        self.is_connected = True
        self._step.clear()
        self.flushed_at.clear()
        self._waits = dict.fromkeys(self._waits, True)

    def since(self, channel: str) -> dict[str, Any] | None:
        """Return the position to resume a channel from, as JSON."""
        known = self.positions.get(channel)
        return {"epoch": known[0], "seq": known[1]} if known else None

    def resume(self, hub: Hub, *, own_first: bool = True) -> None:
        """Subscribe to both channels, from where it was."""
        channels = [OWN, LEADERBOARD] if own_first else [LEADERBOARD, OWN]
        for channel in channels:
            known = self.positions.get(channel)
            since = Position(*known) if known else None
            self._waits[channel] = True
            self._is_missed = True
            if channel == OWN:
                hub.listeners.follow_own(self, "own", since)
            else:
                hub.listeners.subscribe(self, self.limit, "board", since)
            self._is_missed = False
            self._waits[channel] = False

    def leave(self, hub: Hub) -> None:
        """Be cut off."""
        if self.is_connected:
            self.is_connected = False
            hub.listeners.unregister(self)

    def send(self, outgoing: Outgoing) -> None:
        for message in outgoing.messages:
            event = orjson.loads(message.payload)
            assert message.channel == event["channel"]
            assert message.position == Position(event["epoch"], event["seq"])
            self.hear(event)

    def outcome(self, channel: str) -> bool:
        """Return whether the last answer of a channel said that it has recovered."""
        last = next(event for event in reversed(self.answers) if event["channel"] == channel)
        return bool(last["recovered"])

    def kinds(self, channel: str) -> list[str]:
        """Return the names of the events of one channel."""
        return [event["event"] for event in self.events if event["channel"] == channel]

    def hear(self, event: Event) -> None:
        """Take one event of a channel."""
        assert self.is_connected, "a client that has left is sent nothing"
        self.events.append(event)
        channel = event["channel"]
        if event["event"] == "subscribed":
            self._take_answer(event)
        elif event["event"] == "snapshot":
            self._take_snapshot(event)
        elif self._leads_on(event):
            self._apply(event)
        else:
            # From a snapshot without a position nothing leads on: another one follows.
            is_lost = self.positions.get(channel) == ("", 0)
            assert is_lost or self._waits[channel], ("a hole", event, self.positions)

    def _take_answer(self, event: Event) -> None:
        channel, position = event["channel"], (event["epoch"], event["seq"])
        if event["id"] is not None:
            self.answers.append(event)
            self._waits[channel] = False
        self._step.pop(channel, None)
        known = self.positions.pop(channel, None)
        if event["recovered"]:
            assert known is not None
            # What was missed follows, and leads from where this client was.
            self._step[channel] = known[1], position[1]
            self.positions[channel] = position

    def _take_snapshot(self, event: Event) -> None:
        channel, position = event["channel"], (event["epoch"], event["seq"])
        if channel == OWN:
            self._begin_counting(position)
            self.rank = event["you"]["rank"] if event["you"] else None
            return
        self.positions[channel] = position
        self.rows = {row["userId"]: (row["rank"], row["score"]) for row in event["leaderboard"]}
        self.total_users = event["totalUsers"]

    def _leads_on(self, event: Event) -> bool:
        channel, step = event["channel"], (event["from"], event["seq"])
        if self._step.get(channel) == step:
            return True
        if self.positions.get(channel) != (event["epoch"], event["from"]):
            return False
        self._step[channel] = step
        self.positions[channel] = (event["epoch"], event["seq"])
        if channel == LEADERBOARD and not self._is_missed:
            self.flushed_at.append(self._clock())
        return True

    def _apply(self, event: Event) -> None:
        if event["event"] == "user_position_changed":
            self.rank = event["newRank"]
        elif event["event"] == "leaderboard_changed":
            for user in event["removed"]:
                del self.rows[user]
            for row in event["changes"]:
                # Of who comes into view, the rank behind it; other tests know which.
                if row["userId"] in self.rows:
                    assert self.rows[row["userId"]][0] == row["previousRank"]
                self.rows[row["userId"]] = (row["newRank"], row["score"])
            self.total_users = event["totalUsers"]
        elif event["channel"] == OWN:
            self.told.append(event["actionId"])
            self.merged += event["merged"]
            self.rank = event["newRank"]

    def _begin_counting(self, position: tuple[str, int]) -> None:
        self.positions[OWN] = self.counted_from = position
        self.told, self.merged = [], 0
