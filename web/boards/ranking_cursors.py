"""Cursors of boards' standings: opaque to clients, where the next page begins inside.

Not signed: the board, the segment and the caller's rights are checked again for each page.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from uuid import UUID

from domain.rankings.reads.pages import Continuation
from domain.rankings.reads.standings import Place

MAX_CURSOR_CHARS = 400
_FORM = re.compile(
    r"r([0-9]{1,18})\.([0-9]{1,9})\.([0-9a-f]{16})?\.([0-9]{1,12})\.([0-9]{1,12})"
    r"\.((?:[0-9a-f]{16}){2,7})\.([0-9a-f]{32})",
    re.ASCII,
)


def write_ranking_cursor(after: Continuation | None) -> str | None:
    """Return the cursor of the page that begins there; None for none."""
    if after is None:
        return None
    raw = (
        f"r{after.ranking_no}.{after.revision}.{after.walk_id or ''}.{after.index}.{after.rank}"
        f".{after.place.sort_key.hex()}.{after.place.user_id.hex}"
    )
    return urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()


def parse_ranking_cursor(cursor: str) -> Continuation | None:
    """Return where a cursor's page begins, or None when it is not one that we made."""
    try:
        raw = urlsafe_b64decode(cursor[:MAX_CURSOR_CHARS] + "=" * (-len(cursor) % 4))
        match = _FORM.fullmatch(raw.decode("ascii"))
    except (Error, ValueError):
        return None
    if match is None:
        return None
    after = Continuation(
        ranking_no=int(match[1]),
        revision=int(match[2]),
        walk_id=match[3],
        index=int(match[4]),
        rank=int(match[5]),
        place=Place(bytes.fromhex(match[6]), UUID(match[7])),
    )
    return after if write_ranking_cursor(after) == cursor else None
