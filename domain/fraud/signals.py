"""The signals: what is known of an action and of its player when the checks run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Signal(StrEnum):
    """What a check may ask to be read; nothing is read that no check of the policy needs."""

    WINDOW = "window"
    PROFILE = "profile"
    CLIENT = "client"
    PLAY_SESSION = "play_session"
    SIGHTINGS = "sightings"
    METADATA = "metadata"
    BASELINE = "baseline"


class Client(NamedTuple):
    """A device at an address, both as keyed hashes in text; the place is None where unknown.

    `country` is ISO 3166-1 alpha-2 or ""; `names_device` says whether the client named its device
    itself, or many may share the hash; `is_hosting` that the address is of a data centre.
    """

    client_no: int
    device: str
    names_device: bool
    address: str
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_hosting: bool = False


class Candidate(NamedTuple):
    """An action under screening; times are microseconds since 1970.

    `accepted_us` is its intake's time by PostgreSQL's clock, which is the one that counts, and
    `timestamp_us` the client's. `duration_ms` and `session_id` are from its metadata; `step_up` is
    what vouches for it (0: nothing).

    Ids are text inside the pipeline: they are only passed on, and making a UUID of each took about
    a quarter of the CPU time of an action there.
    """

    action_no: int
    action_id: str
    user_id: str
    score: int
    accepted_us: int
    timestamp_us: int
    holds_id: bool = True
    """Whether the row of its id in action_ids belongs to this action."""
    action_type: str | None = None
    client: Client | None = None
    session_id: str | None = None
    duration_ms: float | None = None
    step_up: int = 0

    @property
    def age_seconds(self) -> float:
        """Its intake's time less the client's time; a time in the future has a negative age."""
        return (self.accepted_us - self.timestamp_us) / 1_000_000


@dataclass(slots=True)
class Window:
    """What the user's earlier actions add up to, rejected ones left out."""

    actions_last_minute: int = 0
    score_last_hour: int = 0


@dataclass(slots=True)
class PlaySession:
    """A time of play that a player announced; times are microseconds since 1970.

    `claimed_ms` is the sum of the durations of its actions; `switches` counts how often an action
    came from another device than the one before.
    """

    session_id: str
    user_id: str
    started_us: int
    expires_us: int
    ended_us: int | None = None
    claimed_ms: int = 0
    last_device: str | None = None
    switches: int = 0


@dataclass(slots=True)
class Signals:
    """What is known of one player while its actions are screened one after the other."""

    window: Window = field(default_factory=Window)
    # Checks that do not count for this player: by name until when, in microseconds since 1970.
    snoozed: Mapping[str, int] = field(default_factory=dict)
