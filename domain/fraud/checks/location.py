"""Location: travel that is faster than a plane, and addresses of many or of a data centre."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from domain.fraud.candidate import Candidate, Client
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import Profile, country_key, has_coordinates
from domain.fraud.signals import Signal, Signals

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """How fast a player may travel, and how many may share an address."""

    max_speed_kmh: float = limit(1200, "Fastest travel, km/h", minimum=100, maximum=100_000)
    min_distance_km: float = limit(
        500,
        "Distance below which nothing is said: places of addresses are rough, km",
        minimum=1,
        maximum=20_000,
    )
    same_country_score: float = limit(
        0.6,
        "Score of such a travel inside a country: addresses of one network move",
        minimum=0,
        maximum=1,
    )
    country_minutes: float = limit(
        60,
        "Minutes within which a change of country counts, without coordinates",
        minimum=1,
        maximum=1440,
    )
    max_players: float = limit(100, "Players on one address", minimum=1, maximum=1e9)
    crowd_score: float = limit(0.1, "Score of more than that", minimum=0, maximum=1)
    hosting_score: float = limit(0.3, "Score of a data centre's address", minimum=0, maximum=1)


def check_location(action: Candidate, signals: Signals, settings: LocationSettings) -> Finding:
    """Object to impossible travel, and a little to an address of many or of a data centre."""
    client = action.client
    if client is None:
        return PASSED
    profile = signals.profile
    if profile.place_ms:
        score, seen = _weigh_travel(action.accepted_us // 1000, client, profile, settings)
        if score > 0.0:
            return Finding(score, "UNUSUAL_LOCATION", seen)
    score = settings.hosting_score if client.is_hosting else 0.0
    if signals.users_by_subject.get(client.address, 1) > settings.max_players:
        score += settings.crowd_score
    if score > 0.0:
        return Finding(
            min(1.0, score), "UNUSUAL_LOCATION", "an address of many or of a data centre"
        )
    return PASSED


def _weigh_travel(
    now_ms: int, client: Client, profile: Profile, settings: LocationSettings
) -> tuple[float, str]:
    """Return the score of the way from the player's last known place, and what it was."""
    elapsed_hours = max(1_000, now_ms - profile.place_ms) / 3_600_000
    moved = (
        profile.country != 0
        and client.country != ""
        and (country_key(client.country) != profile.country)
    )
    if profile.has_coordinates and has_coordinates(client):
        latitude, longitude = client.latitude or 0.0, client.longitude or 0.0
        if not moved and abs(latitude * 100 - profile.latitude) < 100 > abs(
            longitude * 100 - profile.longitude
        ):
            return 0.0, ""
        km = measure_km(profile.latitude / 100, profile.longitude / 100, latitude, longitude)
        if km < settings.min_distance_km or km <= elapsed_hours * settings.max_speed_kmh:
            return 0.0, ""
        return (
            1.0 if moved else settings.same_country_score
        ), f"{km:.0f} km in {elapsed_hours:.1f} h"
    if moved and elapsed_hours * 60 <= settings.country_minutes:
        return min(1.0, 0.5 + profile.moves / 1000), f"another country in {elapsed_hours:.1f} h"
    return 0.0, ""


def measure_km(
    latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float
) -> float:
    """Return the distance of two places on the globe in kilometres (haversine formula)."""
    phi_1, phi_2 = radians(latitude_1), radians(latitude_2)
    half_phi, half_lambda = (phi_2 - phi_1) / 2, radians(longitude_2 - longitude_1) / 2
    chord = sin(half_phi) ** 2 + cos(phi_1) * cos(phi_2) * sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


CHECK = Check(
    name="location",
    version=1,
    reasons=("UNUSUAL_LOCATION",),
    points=100,
    run=check_location,
    settings=LocationSettings,
    needs=frozenset({Signal.CLIENT, Signal.PROFILE, Signal.SIGHTINGS}),
)
