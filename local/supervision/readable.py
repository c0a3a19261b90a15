"""Makes a log line short enough for a terminal; the log file keeps all of it.

The processes write one JSON object a line, with whole tracebacks in it. Called by `supervisor`.
"""

import json

LONGEST_TEXT = 160
LONGEST_LINE = 240
# What the terminal already says, or what only the file has room for.
_LEFT_OUT = frozenset({"event", "level", "process", "logger", "timestamp", "exception", "stack"})


def readable(line: str) -> str:
    """Return the line's level, words and facts; another program's line as it is, cut if long."""
    facts = _parse(line)
    if facts is None or "event" not in facts:
        return _cut(line, LONGEST_LINE)
    words = _cut(" ".join(str(facts["event"]).split()), LONGEST_TEXT)
    rest = [f"{name}={value}" for name, value in facts.items() if name not in _LEFT_OUT]
    return _cut("  ".join([str(facts.get("level", "")), words, *rest]), LONGEST_LINE)


def _parse(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
