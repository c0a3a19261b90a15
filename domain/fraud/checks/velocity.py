"""Velocity: how many actions a player may complete in a minute."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class VelocitySettings:
    """How many actions a player may complete in a minute."""

    max_per_minute: float = limit(10, "Actions in 60 s", minimum=1, maximum=1_000_000_000)


def check_velocity(_action: Candidate, signals: Signals, settings: VelocitySettings) -> Finding:
    """Object to an action beyond so many in 60 seconds, this one included."""
    count = signals.window.actions_last_minute + 1
    if count > settings.max_per_minute:
        return Finding(1.0, "VELOCITY", count)
    return PASSED


CHECK = Check(
    name="velocity",
    version=1,
    reasons=("VELOCITY",),
    points=1000,
    run=check_velocity,
    settings=VelocitySettings,
    needs=frozenset({Signal.WINDOW}),
)
