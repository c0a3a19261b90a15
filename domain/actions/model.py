"""The words of an action: what came in, how intake took it, and what became of it.

Those that are made for each action are named tuples: a frozen dataclass takes four times as long.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

MAX_TOTAL_SCORE = 2**53 - 1
"""A sorted set keeps scores as doubles, which are exact up to here."""


class Status(StrEnum):
    """What became of an action. The pipeline ends PENDING; a moderator decides on the others."""

    PENDING = "pending"
    APPLIED = "applied"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    VOIDED = "voided"
    """It was applied, and a moderator has taken it back."""


# By its text: a look-up takes a fifth of the time of `Status(text)`.
STATUS_BY_TEXT = {status.value: status for status in Status}


class LinkOutcome(StrEnum):
    """What one run of one link did."""

    MOVED = "moved"
    NOT_ITS_TURN = "not_its_turn"


class NewAction(NamedTuple):
    """An action as a client reported it, its shape already checked.

    `metadata` is JSON text (at most 4 KB) or None; `request_hash` distinguishes a retry from a
    conflict; `username` is the token's claim and only used when the player is new. `client_no` says
    from where it came, `step_up` what vouched for it; None when that is not known.
    """

    action_id: UUID
    user_id: UUID
    username: str | None
    score: int
    action_type: str | None
    timestamp: datetime
    metadata: str | None
    request_hash: bytes
    request_id: str
    client_no: int | None = None
    step_up: int | None = None


class ActionResult(NamedTuple):
    """What is known of an action now; `rank` is None when the user is not on the board.

    `boards` says by board why the action does not count there; None when there is nothing to say.
    """

    action_id: UUID
    status: Status
    reason: str | None = None
    previous_score: int | None = None
    new_score: int | None = None
    rank: int | None = None
    boards: Mapping[str, str] | None = None


class Acceptance(StrEnum):
    """How intake took one action."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """The same user sent the same action before."""
    CONFLICT = "conflict"
    """The id was used for something else."""
    UNSTORABLE = "unstorable"
    """PostgreSQL refuses its data; nothing was stored."""
    LOCKED = "locked"
    """Another transaction has locked its player; nothing was stored, and it may be sent again."""


class Submission(NamedTuple):
    """How intake took one action, and what is known of it, for the caller's answer.

    `result` is None for a conflict and an unstorable action. For an archived duplicate
    `archived` is true and `result` None.
    """

    action_id: UUID
    acceptance: Acceptance
    result: ActionResult | None = None
    archived: bool = False
