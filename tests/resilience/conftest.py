"""The fault tests work with the same real workers and keepers as the tests of the workers."""

from tests.workers.conftest import broker, start_worker, supervise

__all__ = ["broker", "start_worker", "supervise"]
