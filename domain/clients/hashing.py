"""Hashing: a device and an address become UUIDs from which nobody can read them.

BLAKE2b with a key: whoever has the hashes but not the key cannot try all addresses.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import UUID

from domain.clients.model import UNKNOWN_ADDRESS

HASH_BYTES = 16
KEY_BYTES = 32
# What one hash is of, so that no value of one kind has the hash of another kind.
_KEY, _DEVICE, _NAMED, _ADDRESS = b"laurel-key", b"device", b"named-device", b"address"
# A household or a phone has at least a /64, and may use any address of it.
IPV6_PREFIX_BITS = 64

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, repr=False)
class ClientHasher:
    """Hashes with one key; those of two keys have nothing in common."""

    key: bytes

    def hash_device(self, traits: Iterable[str]) -> UUID:
        """Return the hash of what a client's headers say of its device, in their order."""
        return self._hash(_DEVICE, traits)

    def hash_named_device(self, name: str) -> UUID:
        """Return the hash of a device that the client has named, whatever else its headers say."""
        return self._hash(_NAMED, (name,))

    def hash_address(self, address: Address | None) -> UUID:
        """Return the hash of an IPv4 address or of the /64 of an IPv6 one."""
        if address is None:
            return UNKNOWN_ADDRESS
        if isinstance(address, IPv6Address):
            return self._hash(_ADDRESS, (f"{int(address) >> IPV6_PREFIX_BITS:x}/64",))
        return self._hash(_ADDRESS, (str(address),))

    def _hash(self, kind: bytes, values: Iterable[str]) -> UUID:
        digest = blake2b(key=self.key, person=kind, digest_size=HASH_BYTES)
        for value in values:
            raw = value.encode("utf-8", "surrogatepass")
            # With its length: `a`, `bc` must not be `ab`, `c`.
            digest.update(len(raw).to_bytes(4) + raw)
        return UUID(bytes=digest.digest())


def make_hasher(*, client_hash_key: str, jwt_secret: str) -> ClientHasher:
    """Return the hasher of CLIENT_HASH_KEY or, without one, of a key made of JWT_SECRET."""
    secret = client_hash_key or jwt_secret
    return ClientHasher(blake2b(secret.encode(), person=_KEY, digest_size=KEY_BYTES).digest())


def parse_address(text: str) -> Address | None:
    """Return the address, an IPv4-mapped one as IPv4; None for what is none."""
    try:
        # What follows % names a link of the sender's.
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
