"""The words of clients: where an address is, and what is known of a client before it has a number.

One that has a number is a `Client` of `domain/fraud/candidate.py`.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

UNKNOWN_ADDRESS = UUID(int=0)
"""The address of a client whose address says nothing: that of this machine, of a proxy that is not
trusted, or none. Two clients that have it need not have anything in common."""

SEEN_WITHIN = timedelta(days=7)
"""How far the time at which a client, or a player with it, was last seen may be behind: whoever is
seen more often is not written each time."""


class Place(NamedTuple):
    """Where an address is: a country of ISO 3166-1 alpha-2, or "", and degrees, or None.

    `is_hosting` says that nobody lives there: a data centre, or somebody else's way out.
    """

    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_hosting: bool = False


NOWHERE = Place()


class ClientFacts(NamedTuple):
    """A client as a request shows it, before it has a number; device and address are hashes.

    `names_device`: it has named its device itself, otherwise many devices are alike.
    """

    device: UUID
    address: UUID
    names_device: bool
    place: Place
