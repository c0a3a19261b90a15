"""The words of screening: what is known of an action, what a check says, and the verdict."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.settings import Settings


class Verdict(StrEnum):
    """What screening says of an action; a rejection outranks a quarantine."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of the checks; never shown to a client."""

    max_score_per_action: int
    max_actions_per_minute: int
    suspicious_score_threshold: int
    action_max_age_seconds: int
    action_max_future_seconds: int


def policy_from(settings: Settings) -> Policy:
    """Return the thresholds that these settings name."""
    return Policy(
        max_score_per_action=settings.max_score_per_action,
        max_actions_per_minute=settings.max_actions_per_minute,
        suspicious_score_threshold=settings.suspicious_score_threshold,
        action_max_age_seconds=settings.action_max_age_seconds,
        action_max_future_seconds=settings.action_max_future_seconds,
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action under screening; `created_at` is its intake by PostgreSQL's clock.

    Ids are text inside the pipeline: they are only passed on, and making a UUID of each was about a
    quarter of the CPU that an action cost there.
    """

    action_id: str
    action_no: int
    user_id: str
    score: int
    timestamp: datetime
    created_at: datetime
    holds_id: bool
    """Whether the entry of its id in action_ids is this very action's."""


@dataclass(slots=True)
class Window:
    """What the user's earlier actions that were not rejected add up to."""

    actions_last_minute: int = 0
    score_last_hour: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says; `reason` is public and set unless it passes, `seen` is for reviewers."""

    verdict: Verdict = Verdict.PASS
    reason: str | None = None
    seen: int | float | None = None


PASSED = Finding()


@dataclass(frozen=True, slots=True)
class Screening:
    """The verdict on one action, and every check's outcome by the check's name."""

    action_id: str
    verdict: Verdict
    reason: str | None
    checks: dict[str, Any] = field(default_factory=dict)
