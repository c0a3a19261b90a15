"""The lines of a `text/event-stream` (WHATWG HTML, section 9.2).

One data line per message is built once per event for all streams; only `id:` is a listener's own.
"""

from web.http.responses import dump_json
from web.live.close_codes import CloseCode

COMMENT = b":\n\n"
"""What a client skips: it keeps the connection open, and its acknowledgement is a sign of life."""

_END_OF_EVENT = b"\n"


def data_event(payload: bytes) -> bytes:
    """Return an event with this JSON, which has no line breaks, as its data."""
    return b"data: " + payload + b"\n" + _END_OF_EVENT


def with_id(events: bytes, event_id: bytes) -> bytes:
    """Return the events with an id in the last of them: a client has it when it has all."""
    return b"".join((memoryview(events)[: -len(_END_OF_EVENT)], b"id: ", event_id, b"\n\n"))


def retry(milliseconds: int) -> bytes:
    """Return the line that says how long a client waits before it comes back."""
    return b"retry: %d\n\n" % milliseconds


def end_event(code: CloseCode, reason: str) -> bytes:
    """Return the last event of a stream: its data has a WebSocket's close code and reason."""
    fields = {"event": "end", "code": int(code), "reason": reason}
    return b"event: end\n" + data_event(dump_json(fields))
