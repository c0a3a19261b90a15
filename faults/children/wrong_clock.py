"""Processes of the product with a wrong clock: fast in the web processes, slow in the workers.

`faults.children.wrong_clock:create_…` replaces the factory of that name, and
`python -m faults.children.wrong_clock` replaces a worker; both in the scenario `clocks-wrong` only.
"""

import datetime
import importlib
import sys
import time
from typing import Any

# Beyond the limits for the timestamp of an action: 30 s ahead, 300 s behind.
WEB_SECONDS = 600
WORKER_SECONDS = -600
FACTORIES = {"create_api": "wsgi", "create_live": "web.live.app"}
_real = datetime.datetime
_real_time = time.time


class _Kind(type):
    """Makes `isinstance` accept real datetimes, the only ones that exist."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _real)


class _Wrong(_real, metaclass=_Kind):
    seconds = 0

    def __new__(cls, *args: Any, **named: Any) -> Any:
        """Return a real datetime, because C libraries accept no other type."""
        return _real(*args, **named)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """Return the wrong time."""
        return _real.now(tz) + datetime.timedelta(seconds=cls.seconds)


def shift_clock(seconds: int) -> None:
    """Shift the clock of this process, for all modules that are imported afterwards."""
    _Wrong.seconds = seconds
    datetime.datetime = _Wrong  # type: ignore[misc]  # intended
    time.time = lambda: _real_time() + seconds


def __getattr__(name: str) -> Any:
    """Return the factory of this name, imported with the fast clock."""
    if name not in FACTORIES:
        raise AttributeError(name)
    shift_clock(WEB_SECONDS)
    return getattr(importlib.import_module(FACTORIES[name]), name)


if __name__ == "__main__":
    shift_clock(WORKER_SECONDS)
    sys.exit(importlib.import_module("workers.consumer").main(["actions"]))
