"""Session continuity: whether an action fits the play session that it names."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import PlaySession, Signal, Signals


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How closely actions must fit their play session."""

    grace_seconds: float = limit(
        300, "How long after its end an action may still arrive, s", minimum=0, maximum=86400
    )
    tolerance_seconds: float = limit(
        60, "How much more than the time elapsed durations may claim, s", minimum=0, maximum=86400
    )
    tolerance_share: float = limit(
        0.1, "The same, as a share of the time elapsed", minimum=0, maximum=10
    )
    max_switches: float = limit(
        2, "How often the device may change in a session", minimum=0, maximum=10_000
    )
    over_score: float = limit(
        0.6, "Score of a session that has ended or expired", minimum=0, maximum=1
    )


def check_session_continuity(
    action: Candidate, signals: Signals, settings: SessionSettings
) -> Finding:
    """Object to a session that is not the player's or is over, and to what cannot have been in it.

    That an action must name a session at all is intake's business (REQUIRE_SESSION).
    """
    if action.session_id is None:
        return PASSED
    session = signals.sessions.get(action.session_id)
    if session is None:
        return Finding(1.0, "SESSION_INVALID", "unknown")
    if session.user_id != action.user_id:
        return Finding(1.0, "SESSION_INVALID", "another player's")
    found = _check_device(action, session, settings)
    if found is not PASSED:
        return found
    return _check_times(action, session, settings)


def _check_device(action: Candidate, session: PlaySession, settings: SessionSettings) -> Finding:
    """Object to two devices that take turns in one session."""
    if action.client is None or session.last_device is None:
        return PASSED
    switches = session.switches + (action.client.device != session.last_device)
    if switches > settings.max_switches:
        return Finding(1.0, "SESSION_SHARED", switches)
    return PASSED


def _check_times(action: Candidate, session: PlaySession, settings: SessionSettings) -> Finding:
    """Object to actions after a session's end, and to more time of play than has passed."""
    end_us = session.expires_us
    if session.ended_us is not None and session.ended_us < end_us:
        end_us = session.ended_us
    if action.accepted_us - end_us > settings.grace_seconds * 1_000_000:
        return Finding(settings.over_score, "SESSION_INVALID", "over")
    duration_ms = action.duration_ms
    if duration_ms is None or not duration_ms > 0:
        return PASSED
    elapsed_ms = max(0, action.accepted_us - session.started_us) / 1000
    allowed_ms = elapsed_ms * (1 + settings.tolerance_share) + settings.tolerance_seconds * 1000
    claimed_ms = session.claimed_ms + duration_ms
    if claimed_ms > allowed_ms:
        return Finding(1.0, "SESSION_DURATION", claimed_ms - elapsed_ms)
    return PASSED


CHECK = Check(
    name="session_continuity",
    version=1,
    reasons=("SESSION_INVALID", "SESSION_SHARED", "SESSION_DURATION"),
    points=100,
    run=check_session_continuity,
    settings=SessionSettings,
    needs=frozenset({Signal.PLAY_SESSION, Signal.CLIENT, Signal.METADATA}),
)
