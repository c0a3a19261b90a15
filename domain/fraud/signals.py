"""The signals: what is known of an action and of its player when the checks run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import orjson

from domain.fraud.anomaly.model import Model
from domain.fraud.baseline import Baseline
from domain.fraud.candidate import Candidate
from domain.fraud.model import Verdict
from domain.fraud.profile import Profile

# As many as the columns have room for, or more than anybody plays.
MOST_CLAIMED_MS = 10**15
MOST_SWITCHES = 32_767
LAST_MOMENT_US = 253_402_300_799_999_999
"""The end of the year 9999, later than which nothing can be snoozed."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class Signal(StrEnum):
    """What a check may ask to be read; nothing is read that no check of the policy needs."""

    WINDOW = "window"
    PROFILE = "profile"
    CLIENT = "client"
    PLAY_SESSION = "play_session"
    SIGHTINGS = "sightings"
    METADATA = "metadata"
    BASELINE = "baseline"
    MODEL = "model"


@dataclass(slots=True)
class Window:
    """What the user's earlier actions add up to, rejected ones left out."""

    actions_last_minute: int = 0
    score_last_hour: int = 0


class PlayState(NamedTuple):
    """What screening counts of a play session, see `PlaySession`."""

    session_id: str
    claimed_ms: int
    last_device: str | None
    switches: int

    def encode(self) -> str:
        """Return the text that `read_play_state` reads."""
        return orjson.dumps(tuple(self)).decode()


def read_play_state(text: str) -> PlayState | None:
    """Return the state of a text; None for what is none."""
    try:
        session_id, claimed_ms, last_device, switches = orjson.loads(text)
    except (ValueError, TypeError):
        return None
    is_whole = (
        is_uuid(session_id)
        and (last_device is None or is_uuid(last_device))
        and (type(claimed_ms) is int and 0 <= claimed_ms <= MOST_CLAIMED_MS)
        and (type(switches) is int and 0 <= switches <= MOST_SWITCHES)
    )
    return PlayState(session_id, claimed_ms, last_device, switches) if is_whole else None


def is_uuid(value: object) -> bool:
    """Return whether this is the text of a UUID, as the ids of play sessions are."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


@dataclass(slots=True)
class PlaySession:
    """A time of play that a player announced; times are microseconds since 1970.

    `claimed_ms` is the sum of the durations of its actions; `switches` counts how often an action
    came from another device than the one before. Judging sets `is_changed` with these three.
    """

    session_id: str
    user_id: str
    started_us: int
    expires_us: int
    ended_us: int | None = None
    claimed_ms: int = 0
    last_device: str | None = None
    switches: int = 0
    is_changed: bool = False

    @property
    def state(self) -> PlayState:
        """What has been counted of it."""
        return PlayState(self.session_id, self.claimed_ms, self.last_device, self.switches)

    def resume(self, state: PlayState) -> None:
        """Go on from what has been counted of it."""
        _, self.claimed_ms, self.last_device, self.switches = state

    def observe(self, action: Candidate, verdict: Verdict) -> None:
        """Count one of its own player's actions that is not rejected.

        The duration of a held one does not count: what is honest after it would be held too.
        """
        self.is_changed = True
        duration_ms = action.duration_ms if verdict is Verdict.PASS else None
        if duration_ms is not None and 0 < duration_ms < MOST_CLAIMED_MS:
            self.claimed_ms = min(MOST_CLAIMED_MS, self.claimed_ms + int(duration_ms))
        if action.client is not None:
            device = action.client.device
            if self.last_device is not None and self.last_device != device:
                self.switches = min(MOST_SWITCHES, self.switches + 1)
            self.last_device = device


def read_snoozed(text: str) -> dict[str, int]:
    """Return by check until when it is snoozed, in microseconds since 1970, of a row's JSON.

    What is no such time is left out: the check then counts, and no batch waits for the row.
    """
    try:
        value = orjson.loads(text)
    except ValueError:
        return {}
    if type(value) is not dict:
        return {}
    return {name: until for name, until in value.items() if _is_moment(until)}


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= LAST_MOMENT_US


@dataclass(slots=True)
class Signals:
    """What is known of one player while its actions are screened one after the other.

    `sessions` are those that the batch's actions name, by their ids, other players' too.
    `users_by_subject` says of a device or an address how many players were seen with it, this one
    included; the reader stops counting somewhere. `baselines` are by action type, "" for none.
    """

    window: Window = field(default_factory=Window)
    # Checks that do not count for this player: by name until when, in microseconds since 1970.
    snoozed: Mapping[str, int] = field(default_factory=dict)
    profile: Profile = field(default_factory=Profile)
    sessions: Mapping[str, PlaySession] = field(default_factory=dict)
    users_by_subject: Mapping[str, int] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    model: Model | None = None
