"""Cursors of the leaderboard: opaque to clients, the place of the page's last row inside.

A place (score, when it was reached, user) and not a rank: who moves meanwhile makes no page skip or
repeat others. Not signed: it tells and opens nothing that is not public.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from uuid import UUID

from domain.actions.model import MAX_TOTAL_SCORE
from domain.boards.model import MAX_REACHED_SEQ, Place, Standing

MAX_CURSOR_CHARS = 120
_FORM = re.compile(rb"b([0-9]{1,16})\.([0-9]{1,19})\.([0-9a-f]{32})")


def write_board_cursor(last: Standing, *, total_users: int) -> str | None:
    """Return the cursor of the page behind this row, or None if it is the last of the board."""
    if last.rank >= total_users or last.reached_seq is None:
        return None
    raw = b"b%d.%d.%b" % (last.score, last.reached_seq, last.user_id.hex.encode())
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def parse_board_cursor(cursor: str) -> Place | None:
    """Return the place in a cursor, or None when it is not one that we made."""
    try:
        raw = urlsafe_b64decode(cursor[:MAX_CURSOR_CHARS] + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        return None
    match = _FORM.fullmatch(raw)
    if match is None or urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
        return None
    place = Place(int(match[1]), int(match[2]), UUID(match[3].decode()))
    return (
        place if place.score <= MAX_TOTAL_SCORE and place.reached_seq <= MAX_REACHED_SEQ else None
    )
