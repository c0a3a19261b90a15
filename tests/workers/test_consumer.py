"""A worker comes back to Redis soon after an outage, however long that was."""

from typing import Any

import kombu.utils.functional
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from workers.consumer import RECONNECT_SECONDS, ReturningConsumer

ATTEMPTS = 40


def test_the_pauses_between_attempts_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    consumer: Any = ReturningConsumer.__new__(ReturningConsumer)
    consumer.app = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    consumer.app.conf.update(
        broker_connection_retry_on_startup=True, broker_connection_max_retries=ATTEMPTS
    )
    consumer.first_connection_attempt = False
    consumer.broker_connection_retry_attempt = 0
    monkeypatch.setattr(kombu.utils.functional, "sleep", lambda _: None)
    monkeypatch.setattr(
        "celery.worker.consumer.consumer.humanize_seconds",
        lambda seconds, *_: pauses.append(seconds) or "",
    )
    with pytest.raises(OperationalError):
        consumer.ensure_connected(consumer.app.connection_for_read())
    assert len(pauses) >= ATTEMPTS
    assert max(pauses) <= RECONNECT_SECONDS
