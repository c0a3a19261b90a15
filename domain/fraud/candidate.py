"""A candidate: an action under screening, and the client that it came from."""

from typing import NamedTuple

from domain.clients.model import UNKNOWN_ADDRESS

_NOWHERE = str(UNKNOWN_ADDRESS)


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

    @property
    def subjects(self) -> tuple[str, ...]:
        """What players are counted by: the device, and the address unless that says nothing."""
        return (self.device,) if self.address == _NOWHERE else (self.device, self.address)


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
