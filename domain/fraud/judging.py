"""Judging, pure: the checks of a policy look at one player's actions, one after the other.

Called by `domain/fraud/screening.py`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding, Screening, Verdict
from domain.fraud.policy import Policy
from domain.fraud.signals import Candidate, Signals

ALL_PASSED: Mapping[str, Any] = MappingProxyType({})
"""The outcomes of an action that every check passes: one immutable object for all of them."""


class Judge:
    """A policy, made ready to judge."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._names = list(policy.checks)
        self._runs = [
            (CHECKS_BY_NAME[name].run, check.settings) for name, check in policy.checks.items()
        ]
        # Lists of one object are compared without a look into it.
        self._no_objections = [PASSED] * len(self._runs)

    def screen_user(self, actions: Sequence[Candidate], signals: Signals) -> list[Screening]:
        """Screen one user's actions of one batch in order of action_no.

        Each action that is not rejected counts in the signals of the next, which change with it.
        """
        screenings = []
        for action in actions:
            screening = self._screen(action, signals)
            if screening.verdict is not Verdict.REJECT:
                signals.window.actions_last_minute += 1
                signals.window.score_last_hour += action.score
            screenings.append(screening)
        return screenings

    def _screen(self, action: Candidate, signals: Signals) -> Screening:
        findings = [run(action, signals, settings) for run, settings in self._runs]
        if findings == self._no_objections:
            return Screening(action.action_id, Verdict.PASS, None, ALL_PASSED)
        found = dict(zip(self._names, findings, strict=True))
        verdict, reason = self.policy.judge(found)
        return Screening(action.action_id, verdict, reason, self._describe(found))

    def _describe(self, found: Mapping[str, Finding]) -> dict[str, Any]:
        """Return what is stored: of each check that found something, what, and its points."""
        return {
            name: {
                "score": finding.score,
                "points": finding.score * self.policy.checks[name].points,
                "reason": finding.reason,
                "seen": finding.seen,
                "version": CHECKS_BY_NAME[name].version,
            }
            for name, finding in found.items()
            if finding is not PASSED
        }
