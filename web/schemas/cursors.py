"""Pagination cursors: opaque to clients, an action number inside."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

_FORM = re.compile(rb"a([0-9]{1,18})")


def write_cursor(before_no: int) -> str:
    """Return the cursor of the page that begins before this action number."""
    return urlsafe_b64encode(b"a%d" % before_no).rstrip(b"=").decode()


def parse_cursor(cursor: str) -> int | None:
    """Return the action number of a cursor, or None when it is not one that we made."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        return None
    match = _FORM.fullmatch(raw)
    return int(match[1]) if match and write_cursor(int(match[1])) == cursor else None
