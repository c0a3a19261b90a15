"""The features of an action that the model looks at, from the signals that the checks have."""

from math import log

from domain.fraud.baseline import Baseline
from domain.fraud.candidate import Candidate, Client
from domain.fraud.clock import Clock
from domain.fraud.habit import Habit, ln_of, type_key
from domain.fraud.profile import Profile, device_key
from domain.fraud.signals import Signals

UNKNOWN = -1.0
"""The value of what is not known: it has a bin of its own."""

_MOST_DEVIATIONS = 20.0


def features(action: Candidate, signals: Signals) -> tuple[float, ...]:
    """Return the features in the order of the model's `FEATURES`; all are finite."""
    profile, client = signals.profile, action.client
    value = ln_of(action.score)
    clock = profile.find_clock(device_key(client))
    return (
        value,
        _interval(action, profile),
        _deviate(value, profile.find_habit(type_key(action.action_type))),
        _deviate(value, signals.baselines.get(action.action_type or "")),
        _rate(action),
        _spread(profile.intervals),
        _unsteadiness(clock),
        clock.disorder / 1000 if clock is not None else UNKNOWN,
        profile.flips / 1000,
        _stretch_hours(action, profile),
        float(signals.window.actions_last_minute),
        *_crowds(client, signals),
    )


def _interval(action: Candidate, profile: Profile) -> float:
    gap_ms = action.accepted_us // 1000 - profile.last_ms
    return log(gap_ms) if profile.last_ms and gap_ms >= 1 else UNKNOWN


def _deviate(value: float, usual: Habit | Baseline | None) -> float:
    """Return how many deviations the value is above what is usual; 0 where that is not known."""
    if usual is None or not usual.is_known:
        return 0.0
    return max(-_MOST_DEVIATIONS, min(_MOST_DEVIATIONS, usual.measure(value)))


def _rate(action: Candidate) -> float:
    """Return ln(1 + score per second)."""
    duration_ms = action.duration_ms
    if duration_ms is None or not duration_ms > 0:
        return UNKNOWN
    return ln_of(action.score * 1000 / duration_ms)


def _spread(intervals: list[int]) -> float:
    return (max(intervals) - min(intervals)) / 100 if len(intervals) >= 8 else UNKNOWN


def _unsteadiness(clock: Clock | None) -> float:
    return ln_of(clock.deviation_ms / 1000) if clock is not None else UNKNOWN


def _stretch_hours(action: Candidate, profile: Profile) -> float:
    if not profile.stretch_ms:
        return 0.0
    return max(0.0, (action.accepted_us // 1000 - profile.stretch_ms) / 3_600_000)


def _crowds(client: Client | None, signals: Signals) -> tuple[float, float]:
    """Return the logarithms of how many players there are on the device and on the address."""
    if client is None:
        return UNKNOWN, UNKNOWN
    players = signals.users_by_subject
    return ln_of(players.get(client.device, 1)), ln_of(players.get(client.address, 1))
