"""The words of screening: what one check finds, and the verdict on an action."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Verdict(StrEnum):
    """The result of screening an action; a rejection outranks a quarantine."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check finds: `reason` is public, None for a pass; `seen` is for reviewers."""

    verdict: Verdict = Verdict.PASS
    reason: str | None = None
    seen: int | float | None = None


PASSED = Finding()


class Screening(NamedTuple):
    """The verdict on one action, and the outcome of every check by its name."""

    action_id: str
    verdict: Verdict
    reason: str | None
    checks: Mapping[str, Any]
