"""The words of the simulation: who plays, from where, and what was played."""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from domain.fraud.candidate import Candidate, Client
from domain.fraud.signals import PlaySession

SECOND_US = 1_000_000
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
START_US = 1_767_571_200 * SECOND_US
"""Monday 2026-01-05 00:00 UTC, when every simulation begins."""
MAX_SCORE = 1000
"""The largest score of one action that the simulated game allows."""


class City(NamedTuple):
    """A place as a GeoIP file knows it, and the hours that its clocks are ahead of UTC."""

    country: str
    latitude: float
    longitude: float
    utc_hours: float


CITIES = (
    City("DE", 52.52, 13.40, 1),
    City("GB", 51.51, -0.13, 0),
    City("ES", 40.42, -3.70, 1),
    City("TR", 41.01, 28.98, 3),
    City("IN", 28.61, 77.21, 5.5),
    City("JP", 35.68, 139.69, 9),
    City("US", 40.71, -74.01, -5),
    City("US", 34.05, -118.24, -8),
    City("BR", -23.55, -46.63, -3),
    City("AU", -33.87, 151.21, 10),
)


class Played(NamedTuple):
    """One action as it reaches intake; `kind` is of who sent it, `is_cheat` whether it is held
    rightly."""

    action: Candidate
    person: str
    kind: str
    is_cheat: bool


@dataclass(slots=True)
class World:
    """Everything that one seed makes; numbers are drawn in a fixed order."""

    random: Random
    days: float
    played: list[Played] = field(default_factory=list)
    sessions: dict[str, PlaySession] = field(default_factory=dict)
    made: int = 0

    def name(self, word: str) -> str:
        """Return a name that nothing else in this world has."""
        self.made += 1
        return f"{word}{self.made}"

    def subject(self) -> str:
        """Return the hash of a new device or address."""
        return f"{self.random.getrandbits(128):032x}"

    def make_client(
        self,
        city: City,
        *,
        device: str | None = None,
        address: str | None = None,
        names_device: bool | None = None,
    ) -> Client:
        """Return a client in a city: a new device at a new address unless they are given."""
        named = self.random.random() < 0.6 if names_device is None else names_device
        self.made += 1
        return Client(
            self.made,
            device or self.subject(),
            named,
            address or self.subject(),
            city.country,
            city.latitude,
            city.longitude,
        )
