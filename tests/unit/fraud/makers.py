"""Makers of what checks look at: usual by default, changed by keyword arguments."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from domain.fraud.baseline import Baseline
from domain.fraud.candidate import Candidate, Client
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding, Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import PlaySession, Signals

NOON_US = 1_767_268_800_000_000
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
USER = "00000000-0000-4000-8000-000000000001"
SESSION = "00000000-0000-4000-8000-0000000000aa"


def make_candidate(
    *, age_seconds: float = 0.0, at_seconds: float = 0.0, **overrides: Any
) -> Candidate:
    """Return an action accepted so long after noon, with a time of its client that old."""
    accepted_us = NOON_US + round(at_seconds * SECOND_US)
    values: dict[str, Any] = {
        "action_id": str(uuid4()),
        "action_no": 1,
        "user_id": USER,
        "score": 100,
        "accepted_us": accepted_us,
        "timestamp_us": accepted_us - round(age_seconds * SECOND_US),
    }
    return Candidate(**{**values, **overrides})


def make_client(device: int = 1, address: int = 100, **overrides: Any) -> Client:
    """Return a client; different numbers are different devices and addresses."""
    # The first digits count in a profile.
    device_id, address_id = UUID(int=device << 96), UUID(int=address << 96)
    return Client(device << 8 | address, str(device_id), True, str(address_id))._replace(
        **overrides
    )


def make_session(**overrides: Any) -> PlaySession:
    """Return a play session that began at noon and expires a day later."""
    return replace(PlaySession(SESSION, USER, NOON_US, NOON_US + 24 * HOUR_US), **overrides)


def make_baseline(**overrides: Any) -> Baseline:
    """Return the baseline of a type whose scores are about 100, points a second about 10."""
    usual = Baseline(10_000, 4.6, 0.4, 100.0, 600.0, 10.0, 40.0, 9.0, 11.0, 0.6)
    return replace(usual, **overrides)


def find(check: str, action: Candidate, signals: Signals | None = None, **settings: Any) -> Finding:
    """Return what a check finds, with its own defaults unless told otherwise."""
    known = CHECKS_BY_NAME[check]
    return known.run(action, signals or Signals(), known.settings(**settings))


def passes(check: str, action: Candidate, signals: Signals | None = None, **settings: Any) -> bool:
    """Return whether a check finds nothing, by the one object that says so."""
    return find(check, action, signals, **settings) is PASSED


def play(profile: Profile, *actions: Candidate, verdict: Verdict = Verdict.PASS) -> Signals:
    """Let a profile observe the actions; return signals with it."""
    for action in actions:
        profile.observe(action, verdict)
    return Signals(profile=profile)
