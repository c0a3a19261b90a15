"""The signals: what is known of an action and of its player when the checks run."""

from dataclasses import dataclass
from typing import NamedTuple


class Candidate(NamedTuple):
    """An action under screening; `age_seconds` is its intake's time less the client's time.

    Of both clocks PostgreSQL's is the one that counts; a time in the future has a negative age.

    Ids are text inside the pipeline: they are only passed on, and making a UUID of each took about
    a quarter of the CPU time of an action there.
    """

    action_no: int
    action_id: str
    user_id: str
    score: int
    age_seconds: float
    holds_id: bool
    """Whether the row of its id in action_ids belongs to this action."""


@dataclass(slots=True)
class Window:
    """What the user's earlier actions add up to, rejected ones left out."""

    actions_last_minute: int = 0
    score_last_hour: int = 0
