"""Which errors a task is retried for."""

from collections.abc import Iterator

import pytest
from celery import Celery

from domain.errors import (
    DatabaseConflictError,
    DatabaseLockedError,
    DatabaseUnavailableError,
    RedisUnavailableError,
    TransientError,
)
from workers.base_task import LaurelTask


@pytest.fixture
def app() -> Iterator[Celery]:
    """An application without a broker."""
    app = Celery("test", set_as_current=False, broker="memory://")
    yield app
    app.close()


@pytest.mark.parametrize(
    ("error", "retries"),
    [
        (TransientError(), 1),
        (DatabaseUnavailableError(), 1),
        (DatabaseConflictError(), 1),
        (RedisUnavailableError(), 1),
        # The keeper looks again; a retry would wait for the lock on the time of other batches.
        (DatabaseLockedError(), 0),
        (LookupError("a bug"), 0),
    ],
)
def test_a_task_is_retried_for_what_passes_and_not_for_locks(
    app: Celery, monkeypatch: pytest.MonkeyPatch, error: Exception, retries: int
) -> None:
    retried: list[Exception] = []

    def fail() -> None:
        raise error

    def retry(*, exc: Exception, **_: object) -> Exception:
        retried.append(exc)
        return exc

    # Not shared: every application that is made later would get it too.
    task = app.task(base=LaurelTask, name="test.fail", shared=False)(fail)
    monkeypatch.setattr(task, "retry", retry)
    with pytest.raises(type(error)):
        task.run()
    assert len(retried) == retries
