"""The fixtures of real workers and keepers, shared with `tests.workers`."""

from tests.workers.conftest import broker, start_worker, supervise

__all__ = ["broker", "start_worker", "supervise"]
