"""A shadow policy judges beside the live one: what it would have said is kept where it differs.

Used by `domain/fraud/judging.py`. It sees each action as the live policy does, after the same
earlier ones: an action that it alone would reject counts in the window of the next.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from domain.fraud.candidate import Candidate
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding, Screening, Verdict
from domain.fraud.policy import Policy
from domain.fraud.signals import Signals

logger = structlog.get_logger(__name__)

SHADOW = "shadow"
"""Its key among the outcomes of the checks."""


class Shadow:
    """A policy, made ready to judge beside the live one; it never raises."""

    def __init__(self, policy: Policy, *, live: Policy) -> None:
        self.policy = policy
        self.is_broken = False
        # What the live policy's checks find too is not looked for again.
        self._shared = [
            name
            for name, check in policy.checks.items()
            if name in live.checks and live.checks[name].settings == check.settings
        ]
        self._own = [
            (name, CHECKS_BY_NAME[name].run, check.settings, CHECKS_BY_NAME[name].asks_model)
            for name, check in policy.checks.items()
            if name not in self._shared
        ]

    def compare(
        self,
        action: Candidate,
        signals: Signals,
        findings: Mapping[str, Finding],
        screening: Screening,
    ) -> Screening:
        """Return the live `screening`, with what the shadow says if that is another verdict.

        `findings` are those of the live policy's checks; one that was not available is absent.
        """
        if self.is_broken:
            return screening
        try:
            verdict, reason = self._judge(action, signals, findings)
        except Exception:  # what a shadow does wrong must not touch the live verdict
            logger.exception("shadow policy broken", policy=self.policy.number)
            self.is_broken = True
            return screening
        if (verdict, reason) == (screening.verdict, screening.reason):
            return screening
        said = {"policy": self.policy.number, "verdict": verdict, "reason": reason}
        return screening._replace(checks={**screening.checks, SHADOW: said})

    def _judge(
        self, action: Candidate, signals: Signals, findings: Mapping[str, Finding]
    ) -> tuple[Verdict, str | None]:
        found = {name: findings[name] for name in self._shared if name in findings}
        for name, run, settings, asks_model in self._own:
            if not asks_model or signals.model is not None:
                found[name] = run(action, signals, settings)
        return self.policy.judge(
            {
                name: finding
                for name, finding in found.items()
                if finding is not PASSED and self._counts(name, action, signals)
            }
        )

    def _counts(self, name: str, action: Candidate, signals: Signals) -> bool:
        """Return whether what a check finds counts for this player."""
        if action.accepted_us < signals.snoozed.get(name, 0):
            return False
        return not CHECKS_BY_NAME[name].asks_model or (
            signals.model is not None and signals.model.is_live
        )


def read_shadow_verdict(screening: Screening) -> Verdict:
    """Return the verdict of the shadow that has judged beside the live policy."""
    said: Mapping[str, Any] = screening.checks.get(SHADOW, {})
    return Verdict(said.get("verdict", screening.verdict))
