"""The signals: what is known of an action and of its player when the checks run."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action under screening; `created_at` is its intake by PostgreSQL's clock.

    Ids are text inside the pipeline: they are only passed on, and making a UUID of each took about
    a quarter of the CPU time of an action there.
    """

    action_id: str
    action_no: int
    user_id: str
    score: int
    timestamp: datetime
    created_at: datetime
    holds_id: bool
    """Whether the row of its id in action_ids belongs to this action."""


@dataclass(slots=True)
class Window:
    """What the user's earlier actions add up to, rejected ones left out."""

    actions_last_minute: int = 0
    score_last_hour: int = 0
