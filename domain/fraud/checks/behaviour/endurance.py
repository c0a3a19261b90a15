"""Endurance: play without a rest for longer than a person stays awake."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import REST_MS
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class EnduranceSettings:
    """How long somebody may play without a rest of two hours."""

    tired_hours: float = limit(13, "From when on it counts, h", minimum=1, maximum=1000)
    max_hours: float = limit(16, "From when on it counts fully, h", minimum=1, maximum=1000)
    min_actions: float = limit(12, "Actions in that time", minimum=2, maximum=100_000)


def check_endurance(action: Candidate, signals: Signals, settings: EnduranceSettings) -> Finding:
    """Object to a stretch of play without a gap of two hours that is too long."""
    profile = signals.profile
    now_ms = action.accepted_us // 1000
    hours = (now_ms - profile.stretch_ms) / 3_600_000
    if (
        hours <= settings.tired_hours
        or profile.stretch_actions < settings.min_actions
        or now_ms - profile.last_ms >= REST_MS
    ):
        return PASSED
    span = settings.max_hours - settings.tired_hours
    score = min(1.0, (hours - settings.tired_hours) / span) if span > 0 else 1.0
    return Finding(score, "UNUSUAL_BEHAVIOUR", f"{hours:.1f} h without a rest")


CHECK = Check(
    name="endurance",
    version=1,
    reasons=("UNUSUAL_BEHAVIOUR",),
    points=100,
    run=check_endurance,
    settings=EnduranceSettings,
    needs=frozenset({Signal.PROFILE}),
)
