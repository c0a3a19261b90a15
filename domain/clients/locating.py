"""Locating: where an address is, as the operator's MMDB file (GEOIP_DB) and a proxy say.

A file that is missing or broken, or that fails for one address, makes places unknown, and nothing
else.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import maxminddb
import structlog

from domain.clients.hashing import Address
from domain.clients.hosting import HOSTING_NETWORKS
from domain.clients.model import NOWHERE, Place

logger = structlog.get_logger(__name__)

# What Cloudflare says in CF-IPCountry of an address of the Tor network; XX is unknown.
TOR, UNKNOWN = "T1", "XX"
# Of MaxMind's and others' files, in `traits` or at the top: addresses where nobody lives.
_HOSTING_TRAITS = (
    "is_hosting_provider",
    "is_anonymous",
    "is_anonymous_vpn",
    "is_public_proxy",
    "is_tor_exit_node",
)


class Reader(Protocol):
    """What answers for an address; a `maxminddb.Reader` does."""

    def get(self, ip_address: Address) -> Any:
        """Return what is known of the address, None for nothing."""


class Locator:
    """Looks addresses up in one file, if there is one.

    `problem` says why the file cannot be used; `failures` counts the look-ups that raised.
    """

    def __init__(self, reader: Reader | None = None, *, problem: str | None = None):
        self._reader = reader
        self.problem = problem
        self.failures = 0

    @property
    def has_file(self) -> bool:
        """Whether there is a file that can be used."""
        return self._reader is not None

    def locate(self, address: Address | None, *, told_country: str | None = None) -> Place:
        """Return the place; the country that a trusted proxy has told wins over the file's."""
        place = NOWHERE if address is None else self._look_up(address)
        if told_country is None:
            return place
        told = told_country.strip()
        if told.upper() == TOR:
            return Place(is_hosting=True)
        country = _country(told)
        if not country or country == place.country:
            return place
        # Coordinates in one country and a country elsewhere would be two places.
        return Place(country, is_hosting=place.is_hosting)

    def _look_up(self, address: Address) -> Place:
        if self._reader is None:
            return NOWHERE
        try:
            return _read_place(self._reader.get(address))
        except Exception as error:  # noqa: BLE001 - a damaged file may raise anything
            self.failures += 1
            if self.failures == 1:
                logger.warning("GEOIP_DB fails for addresses", error=type(error).__name__)
            return NOWHERE


def open_locator(path: str) -> Locator:
    """Return the locator of this file, "" for none; what is wrong with it is logged, not raised.

    The file is read as a whole: one that somebody overwrites later cannot end the process.
    """
    if not path:
        return Locator()
    try:
        return Locator(maxminddb.open_database(path, maxminddb.MODE_MEMORY))
    except OSError as error:
        problem = f"GEOIP_DB cannot be read: {error.strerror or type(error).__name__}"
    except Exception as error:  # noqa: BLE001 - a damaged file may raise anything
        problem = f"GEOIP_DB is no MMDB file, or a damaged one: {type(error).__name__}"
    logger.error("places of addresses are unknown", problem=problem)
    return Locator(problem=problem)


def _read_place(record: Any) -> Place:
    if not isinstance(record, Mapping):
        return NOWHERE
    traits = _mapping(record, "traits")
    network = record.get("autonomous_system_number", traits.get("autonomous_system_number"))
    is_hosting = network in HOSTING_NETWORKS or any(
        traits.get(name) is True or record.get(name) is True for name in _HOSTING_TRAITS
    )
    location = _mapping(record, "location")
    latitude = _degrees(location.get("latitude"), 90)
    longitude = _degrees(location.get("longitude"), 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    country = _country(_mapping(record, "country").get("iso_code"))
    return Place(country, latitude, longitude, is_hosting)


def _mapping(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _country(code: Any) -> str:
    """Return a country's two letters, "" for anything else."""
    is_country = isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha()
    return code.upper() if is_country and code.upper() != UNKNOWN else ""


def _degrees(value: Any, limit: int) -> float | None:
    is_sound = type(value) in (int, float) and -limit <= value <= limit
    return float(value) if is_sound else None
