"""The product's processes with a clock that is wrong: the web's goes ahead, the workers' behind.

`faults.children.wrong_clock:create_…` stands for `wsgi:create_…`, and
`python -m faults.children.wrong_clock` for a worker. Only the scenario of the clocks names them;
the product never imports this.
"""

import datetime
import importlib
import sys
import time
from typing import Any

# Beyond what freshness allows either way: 30 s ahead, 300 s behind.
WEB_SECONDS = 600
WORKER_SECONDS = -600
_real = datetime.datetime
_real_time = time.time


class _Kind(type):
    """Lets every real moment count as one of ours: there are no others."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _real)


class _Wrong(_real, metaclass=_Kind):
    seconds = 0

    def __new__(cls, *args: Any, **named: Any) -> Any:
        """Return a real moment: libraries in C take no other."""
        return _real(*args, **named)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """Return the wrong time."""
        return _real.now(tz) + datetime.timedelta(seconds=cls.seconds)


def go_wrong(seconds: int) -> None:
    """Put this process's clock wrong, for all modules that are loaded from now on."""
    _Wrong.seconds = seconds
    datetime.datetime = _Wrong  # type: ignore[misc]  # the point of it
    time.time = lambda: _real_time() + seconds


def __getattr__(name: str) -> Any:
    """Return the factory of this name from `wsgi`, loaded with the web's wrong clock."""
    if not name.startswith("create_"):
        raise AttributeError(name)
    go_wrong(WEB_SECONDS)
    return getattr(importlib.import_module("wsgi"), name)


if __name__ == "__main__":
    go_wrong(WORKER_SECONDS)
    sys.exit(importlib.import_module("workers.consumer").main(["actions"]))
