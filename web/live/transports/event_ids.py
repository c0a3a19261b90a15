"""The ids of an event stream: where its listener stands on every channel, in one short line.

A client sends the last one back as `Last-Event-ID`. Written by `event_stream.py`, read by
`web/live/endpoints/stream_request.py`.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from web.live.protocol import MAX_EPOCH_LENGTH, MAX_SEQ, Position

MAX_ID_CHARS = 4096

_POSITION = re.compile(
    rf"(?P<channel>[a-z0-9:-]{{1,64}})=(?P<epoch>\w{{1,{MAX_EPOCH_LENGTH}}})\.(?P<seq>\d{{1,16}})",
    re.ASCII,
)


def encode_id(positions: Mapping[str, Position], segment: str) -> bytes:
    """Return the id of these positions; what cannot be resumed is left out.

    `segment` is that of the boards which are split, or "".
    """
    parts = (f"{name}={at.epoch}.{at.seq}" for name, at in positions.items() if at.epoch)
    positions_part = ";".join(parts)
    return f"{positions_part}@{quote(segment, safe='')}".removesuffix("@").encode()


def decode_id(event_id: str, segment: str) -> dict[str, Position]:
    """Return the positions of an id; none when it is not one of ours, or is of another segment."""
    if len(event_id) > MAX_ID_CHARS:
        return {}
    positions_part, _, quoted = event_id.partition("@")
    if quoted != quote(segment, safe=""):
        return {}
    positions = {}
    for part in positions_part.split(";"):
        found = _POSITION.fullmatch(part)
        if found is None or int(found["seq"]) > MAX_SEQ:
            return {}
        positions[found["channel"]] = Position(found["epoch"], int(found["seq"]))
    return positions
