"""What the examples of the service's own state are about: a system with one thing wrong."""

from collections.abc import Mapping
from typing import Any

HEALTH: Mapping[str, Any] = {
    "status": "degraded",
    "parts": {
        "database": {"ok": True, "ms": 3.8},
        "redis": {"ok": True, "evictionPolicy": "noeviction", "ms": 1.2},
        "keeper": {"ok": False, "error": "has fallen silent", "ms": 7.3},
    },
}
_SECONDS: Mapping[str, Any] = {
    "count": 1840,
    "sum": 71.4,
    "bounds": [0.025, 0.05, 0.1],
    "atMost": [412, 1655, 1829],
}
NUMBERS: Mapping[str, Any] = {
    "at": "2026-11-27T10:00:01.004213Z",
    "version": "1.0.0",
    "instance": "api-1",
    "scope": "machine",
    "health": HEALTH,
    "actions": {"applied": 1822, "answerSeconds": _SECONDS, "held": 3},
    "batches": {"count": 611, "sum": 1840, "bounds": [1, 10, 100], "atMost": [302, 589, 611]},
    "stages": {"score": {**_SECONDS, "count": 611, "sum": 6.2, "atMost": [604, 611, 611]}},
    "queue": {
        "ageSeconds": 0.02,
        "lengths": {"scoring": 0},
        "recoveries": {"resubmitted": 2},
    },
    "requests": {"answered": 5210, "refused": 61, "limited": 4, "failed": 0},
    "listeners": {"open": 214, "closed": 1203, "tooSlow": 1, "fanOutSeconds": _SECONDS},
    "caches": {"leaderboard": {"hit": 3011, "miss": 19}},
    "fraud": {
        "verdicts": {"pass": 1822, "quarantine": 3, "reject": 15},
        "reasons": {"VELOCITY": 12},
    },
    "redis": {"breakersOpen": 0, "breakerOpenings": 1, "errors": 0},
    "database": {"inUse": {"api": 2}, "size": {"api": 10}},
    "backgroundFailures": 0,
}
