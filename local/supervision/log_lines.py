"""Formats a log line for the terminal; the log file keeps the complete line.

The processes write one JSON object per line, tracebacks included. Called by `supervisor`.
"""

import json

LONGEST_TEXT = 160
LONGEST_LINE = 240
# Shown elsewhere on the terminal, or too long for it.
_OMITTED = frozenset({"event", "level", "process", "logger", "timestamp", "exception", "stack"})


def format_log_line(line: str) -> str:
    """Return level, event and fields of a JSON line; other lines unchanged, but truncated."""
    fields = _parse(line)
    if fields is None or "event" not in fields:
        return _truncate(line, LONGEST_LINE)
    event = _truncate(" ".join(str(fields["event"]).split()), LONGEST_TEXT)
    rest = [f"{name}={value}" for name, value in fields.items() if name not in _OMITTED]
    return _truncate("  ".join([str(fields.get("level", "")), event, *rest]), LONGEST_LINE)


def _parse(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


def _truncate(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
