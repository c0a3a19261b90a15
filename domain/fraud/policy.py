"""The policy: which checks count for how much, and from how many points on something is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.fraud.checks.table import CHECKS, CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding, Verdict
from domain.fraud.signals import Signal
from domain.settings import Settings

HOLD_AT = 100.0
REJECT_AT = 1000.0


class PolicyState(StrEnum):
    """What a stored policy is used for; one is live, and at most one a shadow."""

    DRAFT = "draft"
    SHADOW = "shadow"
    """Judges beside the live one, without any effect."""
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """What a check's score of 1.0 is worth, and the settings that it gets."""

    points: float
    settings: Any


@dataclass(frozen=True, slots=True)
class Policy:
    """The points of each check by its name; a check that is not there is off.

    An action whose points add up to `hold_at` is held, to `reject_at` rejected. Never shown to a
    client. `number` is None for the policy that the settings make.
    """

    number: int | None
    hold_at: float
    reject_at: float
    checks: Mapping[str, CheckPolicy]

    @property
    def needs(self) -> frozenset[Signal]:
        """The signals that its checks read."""
        return frozenset().union(
            *(
                CHECKS_BY_NAME[name].needs_with(check.settings)
                for name, check in self.checks.items()
            )
        )

    def judge(self, findings: Mapping[str, Finding]) -> tuple[Verdict, str | None]:
        """Return the verdict, and the reason of the finding that is worth most of the points."""
        total, most, reason = 0.0, 0.0, None
        for name, found in findings.items():
            if found is PASSED:
                continue
            worth = found.score * self.checks[name].points
            total += worth
            if worth > most:
                most, reason = worth, found.reason
        if total >= self.reject_at:
            return Verdict.REJECT, reason
        if total >= self.hold_at:
            return Verdict.QUARANTINE, reason
        return Verdict.PASS, None


def policy_from(settings: Settings) -> Policy:
    """Return the policy of these settings: every check, each with its own points."""
    given = settings_of_checks(settings)
    checks = {
        check.name: CheckPolicy(check.points, check.settings(**given.get(check.name, {})))
        for check in CHECKS
    }
    return Policy(None, HOLD_AT, REJECT_AT, checks)


def settings_of_checks(settings: Settings) -> Mapping[str, Mapping[str, float]]:
    """Return by check what the environment says; a policy may say otherwise."""
    return {
        "timestamp_window": {
            "max_age_seconds": settings.action_max_age_seconds,
            "max_future_seconds": settings.action_max_future_seconds,
        },
        "score_cap": {"max_score": settings.max_score_per_action},
        "velocity": {"max_per_minute": settings.max_actions_per_minute},
        "score_level": {"max_score": settings.max_score_per_action},
        "step_up": {"min_score": settings.step_up_score},
        "score_burst": {"max_per_hour": settings.suspicious_score_threshold},
    }
