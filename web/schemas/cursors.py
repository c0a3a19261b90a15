"""Pagination cursors: opaque to clients, an action number inside."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

_FORM = re.compile(rb"a([0-9]{1,18})")
_ARCHIVE_FORM = re.compile(rb"m([a-z0-9_]{1,63}):([0-9]{1,18})")


def write_cursor(before_no: int) -> str:
    """Return the cursor of the page that begins before this action number."""
    return urlsafe_b64encode(b"a%d" % before_no).rstrip(b"=").decode()


def parse_cursor(cursor: str) -> int | None:
    """Return the action number of a cursor, or None when it is not one that we made."""
    match = _FORM.fullmatch(_decode(cursor))
    return int(match[1]) if match and write_cursor(int(match[1])) == cursor else None


def write_archive_cursor(partition: str, before_no: int) -> str:
    """Return the cursor of the page that begins in an archived month, before this number."""
    return urlsafe_b64encode(f"m{partition}:{before_no}".encode()).rstrip(b"=").decode()


def parse_archive_cursor(cursor: str) -> tuple[str, int] | None:
    """Return the partition and the number of a cursor, or None when it is not one that we made."""
    match = _ARCHIVE_FORM.fullmatch(_decode(cursor))
    if match is None:
        return None
    place = match[1].decode(), int(match[2])
    return place if write_archive_cursor(*place) == cursor else None


def _decode(cursor: str) -> bytes:
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        return b""
