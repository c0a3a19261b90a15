"""Locating: what an MMDB file and a proxy say, and what happens when the file is no good."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.clients.hashing import parse_address
from domain.clients.locating import Locator, open_locator
from domain.clients.model import NOWHERE, Place
from tests.unit.clients.places import BERLIN, HOSTED, write_places

ADDRESS = parse_address("203.0.113.7")


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    """The places of a small file."""
    places = {
        "203.0.113.0/24": BERLIN,
        "2001:db8:1::/48": BERLIN,
        "198.51.100.0/25": HOSTED,
        "198.51.100.128/26": {"autonomous_system_number": 16509},
        "198.51.100.192/26": {"traits": {"autonomous_system_number": 3320}},
        "192.0.2.0/25": {"country": {"iso_code": "XX"}, "location": {"latitude": 91.0}},
        "192.0.2.128/26": {"country": "DE", "location": 5, "traits": []},
        "192.0.2.192/26": {"is_tor_exit_node": True},
    }
    return open_locator(str(write_places(tmp_path_factory.mktemp("places"), places)))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("203.0.113.7", Place("DE", 52.52, 13.41)),
        ("::ffff:203.0.113.7", Place("DE", 52.52, 13.41)),
        ("2001:db8:1::5", Place("DE", 52.52, 13.41)),
        ("198.51.100.1", Place("US", is_hosting=True)),
        ("198.51.100.129", Place(is_hosting=True)),
        ("198.51.100.193", NOWHERE),
        ("192.0.2.1", NOWHERE),
        ("192.0.2.129", NOWHERE),
        ("192.0.2.193", Place(is_hosting=True)),
        ("8.8.8.8", NOWHERE),
        ("2001:db8:ffff::1", NOWHERE),
        ("unknown", NOWHERE),
    ],
)
def test_the_file_says_where_an_address_is(locator: Locator, text: str, place: Place) -> None:
    assert locator.locate(parse_address(text)) == place
    assert (locator.problem, locator.failures, locator.has_file) == (None, 0, True)


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (None, Place("DE", 52.52, 13.41)),
        ("DE", Place("DE", 52.52, 13.41)),
        (" de ", Place("DE", 52.52, 13.41)),
        ("FR", Place("FR")),
        ("XX", Place("DE", 52.52, 13.41)),
        ("", Place("DE", 52.52, 13.41)),
        ("D3", Place("DE", 52.52, 13.41)),
        ("ß", Place("DE", 52.52, 13.41)),
        ("T1", Place(is_hosting=True)),
    ],
)
def test_a_country_that_was_told_wins_and_takes_the_coordinates_of_another_away(
    locator: Locator, told: str | None, place: Place
) -> None:
    assert locator.locate(ADDRESS, told_country=told) == place


def test_without_a_file_only_what_was_told_is_known() -> None:
    assert open_locator("").locate(ADDRESS) == NOWHERE
    assert open_locator("").locate(None, told_country="DE") == Place("DE")


def broken_files(folder: Path) -> list[Path]:
    """Return files that are missing, empty, cut, no MMDB, or a folder."""
    whole = write_places(folder, {"203.0.113.0/24": BERLIN}).read_bytes()
    contents = {"empty": b"", "text": b"no MMDB", "cut": whole[: len(whole) // 2]}
    contents["head-lost"] = whole[-100:]
    contents["end-lost"] = whole[:-20]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / "missing", folder, *(folder / name for name in contents)]


def test_a_file_that_is_no_good_is_logged_once_and_places_are_unknown(tmp_path: Path) -> None:
    for path in broken_files(tmp_path):
        with capture_logs() as logs:
            locator = open_locator(str(path))
            places = {locator.locate(ADDRESS), locator.locate(parse_address("2001:db8::1"))}
        assert places == {NOWHERE}, path
        assert len(logs) == 1, (path, logs)
        if not locator.has_file:
            assert (locator.problem or "").startswith("GEOIP_DB ")
            assert logs[0]["problem"] == locator.problem
        else:
            assert locator.failures == 2


def test_any_damaged_byte_costs_no_more_than_the_place(tmp_path: Path) -> None:
    path = write_places(tmp_path, {"203.0.113.0/24": BERLIN, "2001:db8:1::/48": HOSTED})
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        with capture_logs():
            place = open_locator(str(path)).locate(ADDRESS)
        assert len(place.country) in (0, 2)


class _Failing:
    """A file that fails for one address."""

    def get(self, ip_address: Any) -> Any:
        if ip_address == ADDRESS:
            raise IndexError("damaged")
        return BERLIN


def test_a_failure_for_one_address_is_unknown_counted_and_logged_once() -> None:
    locator = Locator(_Failing())
    with capture_logs() as logs:
        places = [locator.locate(ADDRESS), locator.locate(ADDRESS)]
        other = locator.locate(parse_address("203.0.113.8"))
    assert places == [NOWHERE, NOWHERE]
    assert other.country == "DE"
    assert locator.failures == 2
    assert [(log["event"], log["error"]) for log in logs] == [
        ("GEOIP_DB fails for addresses", "IndexError")
    ]
    # An address is never logged.
    assert "203.0.113" not in str(logs)
