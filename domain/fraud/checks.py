"""The checks, pure, in order of precedence: the first that objects gives the reason.

A new check is one function and one entry of CHECKS. Called by `domain/fraud/screening.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from domain.fraud.model import PASSED, Finding, Screening, Verdict
from domain.fraud.policy import Policy
from domain.fraud.signals import Candidate, Window

Check = Callable[[Candidate, Window, Policy], Finding]


def check_id_uniqueness(action: Candidate, _window: Window, _policy: Policy) -> Finding:
    """Reject an action whose id belongs to another row: intake did not make it."""
    return PASSED if action.holds_id else Finding(Verdict.REJECT, "DUPLICATE_ACTION")


def check_timestamp_window(action: Candidate, _window: Window, policy: Policy) -> Finding:
    """Reject an action whose client time is too far from PostgreSQL's time at intake."""
    age_seconds = action.age_seconds
    if age_seconds > policy.action_max_age_seconds:
        return Finding(Verdict.REJECT, "STALE_TIMESTAMP", seen=age_seconds)
    if -age_seconds > policy.action_max_future_seconds:
        return Finding(Verdict.REJECT, "FUTURE_TIMESTAMP", seen=age_seconds)
    return PASSED


def check_score_cap(action: Candidate, _window: Window, policy: Policy) -> Finding:
    """Reject an action that earns more than MAX_SCORE_PER_ACTION."""
    if action.score > policy.max_score_per_action:
        return Finding(Verdict.REJECT, "SCORE_TOO_HIGH", seen=action.score)
    return PASSED


def check_velocity(_action: Candidate, window: Window, policy: Policy) -> Finding:
    """Reject an action beyond MAX_ACTIONS_PER_MINUTE in 60 seconds, this one included."""
    count = window.actions_last_minute + 1
    if count > policy.max_actions_per_minute:
        return Finding(Verdict.REJECT, "VELOCITY", seen=count)
    return PASSED


def check_score_burst(action: Candidate, window: Window, policy: Policy) -> Finding:
    """Hold an action for review beyond SUSPICIOUS_SCORE_THRESHOLD in an hour, this one included."""
    total = window.score_last_hour + action.score
    if total > policy.suspicious_score_threshold:
        return Finding(Verdict.QUARANTINE, "SCORE_BURST", seen=total)
    return PASSED


CHECKS: tuple[tuple[str, Check], ...] = (
    ("id_uniqueness", check_id_uniqueness),
    ("timestamp_window", check_timestamp_window),
    ("score_cap", check_score_cap),
    ("velocity", check_velocity),
    ("score_burst", check_score_burst),
)

REASONS: tuple[tuple[Verdict, str], ...] = (
    (Verdict.PASS, ""),
    (Verdict.REJECT, "DUPLICATE_ACTION"),
    (Verdict.REJECT, "STALE_TIMESTAMP"),
    (Verdict.REJECT, "FUTURE_TIMESTAMP"),
    (Verdict.REJECT, "SCORE_TOO_HIGH"),
    (Verdict.REJECT, "VELOCITY"),
    (Verdict.QUARANTINE, "SCORE_BURST"),
)
"""Every verdict with its reason, for the metrics, which start at 0."""

ALL_PASSED: Mapping[str, Any] = MappingProxyType({name: str(Verdict.PASS) for name, _ in CHECKS})
"""The outcomes of an action that every check passes: one immutable object for all of them."""


_FUNCTIONS = [check for _, check in CHECKS]
# Lists of one object are compared without a look into it.
_NO_OBJECTIONS = [PASSED] * len(CHECKS)


def screen_user(actions: Sequence[Candidate], window: Window, policy: Policy) -> list[Screening]:
    """Screen one user's actions of one batch in order of action_no.

    Each action that is not rejected counts in the window of the next; `window` is not changed.
    """
    running = Window(window.actions_last_minute, window.score_last_hour)
    screenings = []
    for action in actions:
        screening = _screen(action, running, policy)
        if screening.verdict is not Verdict.REJECT:
            running.actions_last_minute += 1
            running.score_last_hour += action.score
        screenings.append(screening)
    return screenings


def _screen(action: Candidate, window: Window, policy: Policy) -> Screening:
    findings = [check(action, window, policy) for check in _FUNCTIONS]
    if findings == _NO_OBJECTIONS:
        return Screening(action.action_id, Verdict.PASS, None, ALL_PASSED)
    objections = [finding for finding in findings if finding is not PASSED]
    rejections = [found for found in objections if found.verdict is Verdict.REJECT]
    decisive = (rejections or objections)[0]
    outcomes = {name: _describe(found) for (name, _), found in zip(CHECKS, findings, strict=True)}
    return Screening(action.action_id, decisive.verdict, decisive.reason, outcomes)


def _describe(finding: Finding) -> Any:
    if finding is PASSED:
        return str(Verdict.PASS)
    return {"verdict": finding.verdict, "reason": finding.reason, "seen": finding.seen}
