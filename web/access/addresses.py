"""The client's address: the peer's, or the forwarded one behind trusted proxies."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from web.access.forwarded import find_forwarded, warn_of_no_address

IPV6_PREFIX_BITS = 64


def find_limited_address(environ: Mapping[str, Any], *, trusted_hops: int) -> str | None:
    """Return the address that the rate limit counts, or None for loopback.

    An IPv6 address counts as its /64.
    """
    return _limited_form(find_address(environ, trusted_hops=trusted_hops))


def find_address(environ: Mapping[str, Any], *, trusted_hops: int) -> str:
    """Return the client's address as text.

    Each trusted proxy has appended one entry to X-Forwarded-For or, without that, to Forwarded;
    entries further left are the client's own claim. With fewer entries than proxies, or one that is
    no address, it is the peer's address, or "unknown" if the peer is a proxy on this machine.
    """
    peer: str = environ.get("REMOTE_ADDR") or ""
    if trusted_hops == 0:
        return peer
    sent = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ
    forwarded = find_forwarded(environ, trusted_hops)
    if forwarded is not None:
        if _parse(forwarded):
            return forwarded
        warn_of_no_address()
    # Loopback is not limited; a client behind a proxy on this machine must be.
    return "unknown" if sent and _limited_form(peer) is None else peer


@lru_cache(maxsize=10_000)
def _limited_form(address: str) -> str | None:
    parsed = _parse(address)
    if parsed is None:
        return address or "unknown"
    if parsed.is_loopback:
        return None
    if isinstance(parsed, IPv6Address):
        # A customer has at least a /64: an attacker could use a new address for each request.
        return f"{IPv6Address(int(parsed) >> IPV6_PREFIX_BITS << IPV6_PREFIX_BITS)}/64"
    return str(parsed)


def _parse(address: str) -> Any:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def is_this_machine(environ: Mapping[str, Any]) -> bool:
    """Return whether the request comes from this machine, and not through a proxy on it."""
    forwarded = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ
    return not forwarded and _limited_form(environ.get("REMOTE_ADDR") or "") is None
