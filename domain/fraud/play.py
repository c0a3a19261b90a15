"""What an action's metadata says of its play: the session, and how long it took. Pure."""

from uuid import UUID

import orjson

UUID_CHARS = 36
MOST_MS = 1e12


def read_play(metadata: str | None) -> tuple[str | None, float | None]:
    """Return `sessionId` as the text of a UUID and `duration` in ms; None for what is not there.

    Metadata is the game's own: anything else in these fields is as if it were not there.
    """
    if metadata is None:
        return None, None
    facts = orjson.loads(metadata)
    if not isinstance(facts, dict):
        return None, None
    return _session(facts.get("sessionId")), _duration(facts.get("duration"))


def _session(value: object) -> str | None:
    if not isinstance(value, str) or len(value) != UUID_CHARS:
        return None
    try:
        return str(UUID(value))
    except ValueError:
        return None


def _duration(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= MOST_MS else None
