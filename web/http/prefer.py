"""The Prefer header (RFC 7240): how long a client waits for the outcome of its action."""

import re
from typing import NamedTuple

MAX_WAIT_SECONDS = 10
_WAIT = re.compile(r"[0-9]{1,9}", re.ASCII)


class Wait(NamedTuple):
    """How long to wait, and the value of Preference-Applied."""

    seconds: float
    applied: str | None = None


def read_wait(prefer: str | None, *, default_seconds: float) -> Wait:
    """Return the wait that a Prefer header asks for; unknown preferences are ignored.

    `respond-async` alone means no wait; together with `wait=N` it allows a 202 after N seconds,
    which happens anyway. The first of several preferences with the same name counts.
    """
    if not prefer:
        return Wait(default_seconds)
    preferences: dict[str, str] = {}
    for part in prefer.split(","):
        name, _, value = part.partition(";")[0].partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = preferences.get("wait", "")
    is_async = "respond-async" in preferences
    if _WAIT.fullmatch(wait):
        seconds = min(int(wait), MAX_WAIT_SECONDS)
        applied = f"wait={seconds}"
        return Wait(seconds, f"respond-async, {applied}" if is_async else applied)
    return Wait(0, "respond-async") if is_async else Wait(default_seconds)
