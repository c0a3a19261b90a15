"""The product's Celery application with a test's keys and faults: `celery -A` this."""

import os

from tests.workers.sabotage import prepare

prepare(os.environ)

from workers.celery import app  # noqa: E402 - its settings are read with the test's keys

__all__ = ["app"]
