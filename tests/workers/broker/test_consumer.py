"""A worker reconnects to Redis soon after an outage, and publishes its events in bulk."""

import time
from types import SimpleNamespace
from typing import Any

import kombu.utils.functional
import pytest
from celery import Celery
from kombu.asynchronous import Hub
from kombu.exceptions import OperationalError

from workers.consumer import EVENTS_SECONDS, RECONNECT_SECONDS, LaurelConsumer

ATTEMPTS = 40


def test_the_pauses_between_attempts_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    consumer: Any = LaurelConsumer.__new__(LaurelConsumer)
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


def test_the_events_of_many_tasks_are_published_together() -> None:
    hub = Hub()
    published: list[int] = []
    consumer: Any = LaurelConsumer.__new__(LaurelConsumer)
    consumer.hub = hub
    consumer.event_dispatcher = SimpleNamespace(flush=lambda: published.append(1))
    for rounds in (1, 2):
        for _ in range(5):
            consumer.on_send_event_buffered()
        deadline = time.monotonic() + 10 * EVENTS_SECONDS
        while len(published) < rounds and time.monotonic() < deadline:
            hub.fire_timers()
            time.sleep(0.01)
        assert len(published) == rounds
