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
        4, "Players on one device that names itself", minimum=1, maximum=10_000
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
    if crowd >= 1.0:
        return Finding(crowd, "UNUSUAL_CLIENT", "many players on one device")
    turns = signals.profile.flips / 1000
    if turns >= settings.max_turns:
        score = min(1.0, 0.7 + turns - settings.max_turns)
        return Finding(max(score, crowd), "UNUSUAL_CLIENT", "devices take turns")
    if crowd > 0.0:
        return Finding(crowd, "UNUSUAL_CLIENT", "many players on one device")
    if (
        signals.profile.seen >= settings.min_actions
        and signals.profile.find_clock(device_key(client)) is None
    ):
        return Finding(settings.new_score, "UNUSUAL_CLIENT", "a new device")
    return PASSED


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
    needs=frozenset({Signal.CLIENT, Signal.PROFILE, Signal.SIGHTINGS}),
)
