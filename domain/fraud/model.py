"""The words of screening: what one check finds, and the verdict on an action."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Verdict(StrEnum):
    """The result of screening an action; a rejection outranks a quarantine.

    VOID and HOLD are a moderator's alone, on an action that is applied.
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    QUARANTINE = "quarantine"
    REJECT = "reject"
    VOID = "void"
    HOLD = "hold"


REVERSALS = frozenset((Verdict.VOID, Verdict.HOLD))
"""The verdicts that take back what an applied action has changed."""


class Finding(NamedTuple):
    """What one check finds: `score` is from 0.0 for nothing to 1.0 for certain.

    `reason` is public, None for nothing; `seen` is what the check measured, for reviewers.
    """

    score: float
    reason: str | None
    seen: int | float | str | None = None


PASSED = Finding(0.0, None)


class Screening(NamedTuple):
    """The verdict on one action, and the outcome of every check by its name."""

    action_id: str
    verdict: Verdict
    reason: str | None
    checks: Mapping[str, Any]
