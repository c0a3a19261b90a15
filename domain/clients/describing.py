"""Describing: the facts of a client, made of a request's headers and its address.

Called by `web/intake/clients.py` for clients that the process does not know yet.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import NamedTuple

from domain.clients.hashing import Address, ClientHasher, parse_address
from domain.clients.locating import Locator
from domain.clients.model import ClientFacts

MAX_NAME_CHARS = 128


class SeenClient(NamedTuple):
    """What a request shows: texts as they were sent, "" for what was not.

    `device_name` is X-Client-Fingerprint. `told_country` is CF-IPCountry of a trusted proxy, and
    `is_peer` says that no such proxy has told the address: it is of whatever has connected.
    """

    traits: Sequence[str]
    device_name: str
    address: str
    told_country: str | None
    is_peer: bool


def describe_client(seen: SeenClient, *, hasher: ClientHasher, locator: Locator) -> ClientFacts:
    """Return the facts of a client; its address and headers are in none of them."""
    address = _find_public(seen)
    names_device = is_device_name(seen.device_name)
    return ClientFacts(
        device=hasher.hash_named_device(seen.device_name)
        if names_device
        else hasher.hash_device(seen.traits),
        address=hasher.hash_address(address),
        names_device=names_device,
        place=locator.locate(address, told_country=seen.told_country),
    )


def is_device_name(text: str) -> bool:
    """Return whether this names a device: 1 to MAX_NAME_CHARS printable ASCII characters."""
    return 0 < len(text) <= MAX_NAME_CHARS and text.isascii() and text.isprintable()


def _find_public(seen: SeenClient) -> Address | None:
    """Return the address if it tells one client from another.

    A private one as peer is most likely a proxy that is not trusted, with everybody behind it.
    """
    address = parse_address(seen.address)
    if address is None or address.is_loopback or address.is_unspecified:
        return None
    return None if seen.is_peer and _is_local(address) else address


def _is_local(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_link_local or address.is_site_local or address.packed[0] & 0xFE == 0xFC
    first, second = address.packed[:2]
    return (
        first == 10
        or (first == 172 and 16 <= second < 32)
        or (first, second) in ((192, 168), (169, 254))
        or (first == 100 and 64 <= second < 128)
    )
