"""Client fingerprint: a device that is new, that many players use, or that takes turns."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate, Client
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import device_key
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class FingerprintSettings:
    """What is usual of devices."""

    max_players: float = limit(
        3, "Players on one device that names itself", minimum=1, maximum=10_000
    )
    max_alike: float = limit(
        200,
        "Players whose devices look alike, when they do not name themselves",
        minimum=1,
        maximum=1e9,
    )
    alike_score: float = limit(0.2, "Score of more than that", minimum=0, maximum=1)
    max_turns: float = limit(
        0.5,
        "Share of recent actions from another device than the one before",
        minimum=0.1,
        maximum=1,
    )
    changed_score: float = limit(
        0.5, "Score of a device that changes within a play session", minimum=0, maximum=1
    )
    new_score: float = limit(0.15, "Score of a new device", minimum=0, maximum=1)
    min_actions: float = limit(
        5, "Actions of a player before a device is new", minimum=1, maximum=1000
    )


def check_client_fingerprint(
    action: Candidate, signals: Signals, settings: FingerprintSettings
) -> Finding:
    """Object to a device of many players, to devices that take turns, and a little to a new one."""
    client = action.client
    if client is None:
        return PASSED
    crowd = _weigh_crowd(client, signals, settings)
    turns = signals.profile.flips / 1000
    if crowd < 1.0 and turns >= settings.max_turns:
        return Finding(
            min(1.0, 0.7 + turns - settings.max_turns), "UNUSUAL_CLIENT", "devices take turns"
        )
    changed = settings.changed_score if _is_changed(action, client, signals) else 0.0
    if crowd > 0.0 and crowd >= changed:
        return Finding(crowd, "UNUSUAL_CLIENT", "many players on one device")
    if changed > 0.0:
        return Finding(changed, "UNUSUAL_CLIENT", "another device in one session")
    if _is_new(client, signals, settings):
        return Finding(settings.new_score, "UNUSUAL_CLIENT", "a new device")
    return PASSED


def _is_changed(action: Candidate, client: Client, signals: Signals) -> bool:
    """Return whether the play session's last action came from another device."""
    if action.session_id is None:
        return False
    session = signals.sessions.get(action.session_id)
    return session is not None and session.last_device not in (None, client.device)


def _is_new(client: Client, signals: Signals, settings: FingerprintSettings) -> bool:
    """Return whether a player who is known was not seen with this device lately."""
    profile = signals.profile
    return profile.seen >= settings.min_actions and profile.find_clock(device_key(client)) is None


def _weigh_crowd(client: Client, signals: Signals, settings: FingerprintSettings) -> float:
    """Return the score of the number of players on the device: certain two beyond the limit."""
    players = signals.users_by_subject.get(client.device, 1)
    if client.names_device:
        return max(0.0, min(1.0, (players - settings.max_players) / 2))
    return settings.alike_score if players > settings.max_alike else 0.0


CHECK = Check(
    name="client_fingerprint",
    version=1,
    reasons=("UNUSUAL_CLIENT",),
    points=100,
    run=check_client_fingerprint,
    settings=FingerprintSettings,
    needs=frozenset(
        {Signal.CLIENT, Signal.PROFILE, Signal.SIGHTINGS, Signal.PLAY_SESSION, Signal.METADATA}
    ),
)
