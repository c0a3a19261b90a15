"""Judging, pure: the checks of a policy look at one player's actions, one after the other.

Called by `domain/fraud/screening.py`, with a new judge for each batch.
"""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Run
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding, Screening, Verdict
from domain.fraud.policy import Policy
from domain.fraud.shadowing import Shadow
from domain.fraud.signals import Signal, Signals

ALL_PASSED: Mapping[str, Any] = MappingProxyType({})
"""The outcomes of an action that every check passes: one immutable object for all of them."""

_UNAVAILABLE = Finding(0.0, None, "unavailable")


class _Check(NamedTuple):
    """A check of the policy, ready to run."""

    name: str
    run: Run
    settings: Any
    asks_model: bool


class Judge:
    """A policy, made ready to judge one batch, and the shadow beside it.

    `needs` are the signals that the checks of both read. `spent_us` is by check what it took for
    the batch's first action. `unavailable` counts the actions that were judged without a model that
    the policy asks for, because there is none, it cannot be read, or it takes more than its budget.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        shadow: Shadow | None = None,
        clock_ns: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self.policy = policy
        self.shadow = shadow
        self.needs = policy.needs | (shadow.policy.needs if shadow else frozenset())
        self.spent_us: dict[str, float] = {}
        self.unavailable = 0
        self._clock_ns = clock_ns
        self._learns = Signal.PROFILE in self.needs
        self._all = [
            _Check(name, known.run, check.settings, known.asks_model)
            for name, check in policy.checks.items()
            for known in (CHECKS_BY_NAME[name],)
        ]
        self._without_model = [check for check in self._all if not check.asks_model]
        self._is_measured = self._is_slow = False

    def screen_user(self, actions: Sequence[Candidate], signals: Signals) -> list[Screening]:
        """Screen one user's actions of one batch in order of action_no.

        Each action that is not rejected counts in the signals of the next, which change with it.
        """
        if actions and not self._is_measured:
            self._measure(actions[0], signals)
        checks = self._choose(signals)
        # Lists of one object are compared without a look into it.
        no_objections = [PASSED] * len(checks)
        screenings = []
        for action in actions:
            findings = [run(action, signals, settings) for _, run, settings, _ in checks]
            if findings == no_objections:
                screening = Screening(action.action_id, Verdict.PASS, None, ALL_PASSED)
            else:
                screening = self._weigh(action, signals, checks, findings)
            if self.shadow is not None:
                found = {check.name: each for check, each in zip(checks, findings, strict=True)}
                screening = self.shadow.compare(action, signals, found, screening)
            screenings.append(screening)
            self._observe(action, signals, screening.verdict)
        self.unavailable += len(actions) if len(checks) < len(self._all) else 0
        return screenings

    def _choose(self, signals: Signals) -> Sequence[_Check]:
        """Return the checks that can run."""
        return self._without_model if signals.model is None or self._is_slow else self._all

    def _weigh(
        self,
        action: Candidate,
        signals: Signals,
        checks: Sequence[_Check],
        findings: Sequence[Finding],
    ) -> Screening:
        """Return the verdict on an action of which some check has found something."""
        muted = self._mute(action, signals)
        counted = {
            check.name: finding
            for check, finding in zip(checks, findings, strict=True)
            if finding is not PASSED and check.name not in muted
        }
        verdict, reason = self.policy.judge(counted)
        outcomes = {
            check.name: self._describe(check, finding, muted.get(check.name))
            | {"us": self._time(check, action, signals)}
            for check, finding in zip(checks, findings, strict=True)
            if finding is not PASSED
        }
        if len(checks) < len(self._all):
            outcomes |= {
                check.name: self._describe(check, _UNAVAILABLE, "unavailable")
                for check in self._all
                if check.asks_model
            }
        return Screening(action.action_id, verdict, reason, outcomes)

    def _mute(self, action: Candidate, signals: Signals) -> dict[str, str]:
        """Return the checks whose findings are kept but count nothing, each with why."""
        muted = {
            name: "snoozed"
            for name, until_us in signals.snoozed.items()
            if action.accepted_us < until_us
        }
        if signals.model is not None and not signals.model.is_live:
            muted |= {check.name: "shadow" for check in self._all if check.asks_model}
        return muted

    def _describe(self, check: _Check, finding: Finding, mute: str | None) -> dict[str, Any]:
        """Return what is stored of a check that found something."""
        points = 0.0 if mute else finding.score * self.policy.checks[check.name].points
        outcome = {
            "score": finding.score,
            "points": points,
            "reason": finding.reason,
            "seen": finding.seen,
            "version": CHECKS_BY_NAME[check.name].version,
        }
        return outcome | {mute: True} if mute else outcome

    def _observe(self, action: Candidate, signals: Signals, verdict: Verdict) -> None:
        """Let the signals follow an action that has been judged."""
        if self._learns:
            signals.profile.observe(action, verdict)
        if verdict is Verdict.REJECT:
            return
        signals.window.actions_last_minute += 1
        signals.window.score_last_hour += action.score
        if action.session_id is not None:
            session = signals.sessions.get(action.session_id)
            if session is not None and session.user_id == action.user_id:
                session.observe(action, verdict)

    def _measure(self, action: Candidate, signals: Signals) -> None:
        """Time each check once for the batch; a model that is over its budget is left out."""
        self._is_measured = True
        for check in self._choose(signals):
            spent_us = self._time(check, action, signals)
            if check.asks_model and spent_us > check.settings.budget_us:
                # Once more: the process may just have been interrupted.
                spent_us = self._time(check, action, signals)
                self._is_slow = spent_us > check.settings.budget_us
            self.spent_us[check.name] = spent_us

    def _time(self, check: _Check, action: Candidate, signals: Signals) -> float:
        """Return how many microseconds the check takes: it is pure, so it may run once more."""
        started_ns = self._clock_ns()
        check.run(action, signals, check.settings)
        return (self._clock_ns() - started_ns) / 1000
