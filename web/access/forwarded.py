"""Reads what proxies say of the client: X-Forwarded-For as it is really sent, and RFC 7239.

Called by `web/access/addresses.py`.
"""

import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog

logger = structlog.get_logger(__name__)

WARN_EVERY_SECONDS = 60.0
# Split at commas and semicolons that are not within quotes.
_PARTS = {
    separator: re.compile(rf'(?:[^{separator}"]|"(?:[^"\\]|\\.)*"?)+') for separator in (",", ";")
}
_WITH_PORT = re.compile(r"(?P<v6>\[[^\]]*\])(?::\w*)?|(?P<v4>[0-9.]+):\w*")


class _Warnings:
    """When the last warning was logged: an attacker must not fill the log."""

    next_at = 0.0


def find_forwarded(environ: Mapping[str, Any], hops: int) -> str | None:
    """Return the entry that the outermost of `hops` proxies has written, without port and quotes.

    None when there are fewer entries. It may be no address: `unknown`, a name, or nonsense.
    """
    sent = environ.get("HTTP_X_FORWARDED_FOR")
    if sent is not None:
        return _pick(sent, hops, is_rfc_7239=False)
    sent = environ.get("HTTP_FORWARDED")
    return None if sent is None else _pick(sent, hops, is_rfc_7239=True)


def warn_of_no_address(clock: Any = time.monotonic) -> None:
    """Log that a trusted proxy's entry is no address, at most once a minute."""
    if clock() >= _Warnings.next_at:
        _Warnings.next_at = clock() + WARN_EVERY_SECONDS
        logger.warning("forwarded entry is not an address", hint="see TRUSTED_PROXY_HOPS")


@lru_cache(maxsize=10_000)
def _pick(header: str, hops: int, *, is_rfc_7239: bool) -> str | None:
    entries = _PARTS[","].findall(header)
    if len(entries) < hops:
        return None
    entry = entries[-hops]
    if is_rfc_7239:
        pairs = (part.partition("=") for part in _PARTS[";"].findall(entry))
        entry = next((value for name, _, value in pairs if name.strip().lower() == "for"), "")
    return _strip(entry)


def _strip(entry: str) -> str:
    """Return an entry without quotes, brackets and port: `"[2001:db8::1]:443"`, `192.0.2.1:80`."""
    bare = entry.strip().strip('"').replace("\\", "").strip()
    match = _WITH_PORT.fullmatch(bare)
    if match is None:
        return bare
    return (match["v6"] or match["v4"]).strip("[]")
