"""Location: planes are allowed, teleporters are not, and what is unknown says nothing."""

import pytest

from domain.fraud.candidate import Client
from domain.fraud.checks.location import measure_km
from domain.fraud.model import Finding, Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import find, make_candidate, make_client, passes, play

CHECK = "location"
BERLIN = make_client(country="DE", latitude=52.52, longitude=13.405)
PRAGUE = make_client(country="CZ", latitude=50.088, longitude=14.42)
MADRID = make_client(country="ES", latitude=40.417, longitude=-3.704)
TOKYO = make_client(country="JP", latitude=35.682, longitude=139.76)
NOWHERE = make_client()


def travel(start: Client, end: Client, hours: float) -> Finding:
    signals = play(Profile(), make_candidate(client=start))
    return find(CHECK, make_candidate(at_seconds=hours * 3600, client=end), signals)


@pytest.mark.parametrize(
    ("start", "end", "km"), [(BERLIN, MADRID, 1869), (BERLIN, TOKYO, 8918), (BERLIN, BERLIN, 0)]
)
def test_distances_are_those_of_the_globe(start: Client, end: Client, km: float) -> None:
    assert start.latitude is not None
    assert start.longitude is not None
    assert end.latitude is not None
    assert end.longitude is not None
    measured = measure_km(start.latitude, start.longitude, end.latitude, end.longitude)
    assert measured == pytest.approx(km, rel=0.01)


@pytest.mark.parametrize(("hours", "score"), [(0.1, 1.0), (7.4, 1.0), (7.5, 0.0), (24, 0.0)])
def test_nobody_is_faster_than_a_plane(hours: float, score: float) -> None:
    assert travel(BERLIN, TOKYO, hours).score == score


def test_near_places_say_nothing_because_they_are_rough() -> None:
    assert travel(PRAGUE, BERLIN, 0.01).score == 0.0
    assert travel(PRAGUE, BERLIN._replace(country="CZ"), 0.01).score == 0.0


def test_far_places_of_one_country_count_less() -> None:
    found = travel(BERLIN, MADRID._replace(country="DE"), 0.1)
    assert (found.score, found.reason) == (0.6, "UNUSUAL_LOCATION")


@pytest.mark.parametrize(("minutes", "score"), [(5, 0.5), (60, 0.5), (61, 0.0)])
def test_without_coordinates_a_change_of_country_within_an_hour_counts_half(
    minutes: float, score: float
) -> None:
    start, end = make_client(country="DE"), make_client(country="JP")
    assert travel(start, end, minutes / 60).score == score
    assert travel(BERLIN, end, minutes / 60).score == score


def test_countries_that_change_again_and_again_count_fully() -> None:
    countries = ["DE", "JP"] * 3
    trip = [
        make_candidate(at_seconds=300 * number, client=make_client(country=country))
        for number, country in enumerate(countries)
    ]
    signals = play(Profile(), *trip)
    last = make_candidate(at_seconds=1800, client=make_client(country="DE"))
    assert find(CHECK, last, signals).score == 1.0


@pytest.mark.parametrize(
    "place", [NOWHERE, None, make_client(latitude=float("nan"), longitude=1.0)]
)
def test_what_is_unknown_says_nothing_and_is_not_remembered(place: Client | None) -> None:
    signals = play(Profile(), make_candidate(client=TOKYO))
    before = signals.profile.place_ms
    unknown = make_candidate(at_seconds=7200, client=place)
    assert passes(CHECK, unknown, signals)
    signals.profile.observe(unknown, Verdict.PASS)
    assert signals.profile.place_ms == before


def test_an_address_of_a_data_centre_or_of_many_is_weak() -> None:
    hosted = make_client(is_hosting=True)
    crowd = Signals(users_by_subject={hosted.address: 101})
    assert find(CHECK, make_candidate(client=hosted)).score == 0.3
    assert find(CHECK, make_candidate(client=hosted), crowd).score == pytest.approx(0.4)
    nat = Signals(users_by_subject={NOWHERE.address: 100})
    assert passes(CHECK, make_candidate(client=NOWHERE), nat)
    assert find(CHECK, make_candidate(client=NOWHERE), crowd).score == pytest.approx(0.1)
