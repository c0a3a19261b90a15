"""The table of checks, in order of precedence: of equal points the first gives the reason.

A new check is one file and one entry here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.fraud.checks import (
    client_fingerprint,
    clock_drift,
    id_uniqueness,
    location,
    model,
    score_burst,
    score_cap,
    session_continuity,
    step_up,
    timestamp_window,
    velocity,
)
from domain.fraud.checks.behaviour import endurance, pace, regularity, score_level, score_rate
from domain.fraud.checks.check import Check

CHECKS: tuple[Check, ...] = (
    id_uniqueness.CHECK,
    timestamp_window.CHECK,
    score_cap.CHECK,
    velocity.CHECK,
    step_up.CHECK,
    session_continuity.CHECK,
    clock_drift.CHECK,
    location.CHECK,
    client_fingerprint.CHECK,
    score_burst.CHECK,
    score_level.CHECK,
    score_rate.CHECK,
    regularity.CHECK,
    pace.CHECK,
    endurance.CHECK,
    model.CHECK,
)

CHECKS_BY_NAME: Mapping[str, Check] = MappingProxyType({check.name: check for check in CHECKS})

REASONS: tuple[str, ...] = tuple(
    dict.fromkeys(reason for check in CHECKS for reason in check.reasons)
)
"""Every public reason of a check."""
