"""What beat sends: every entry names a task that exists, and every task does its one thing."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from domain.fraud.policy import policy_from
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.postgres.actions.entries import ARRAYS
from domain.store.store import Store
from tests.archives import MARCH, drop_old_months
from tests.conftest import Stores
from tests.factories import make_player, make_settings, make_stored_action
from workers import scheduled_tasks
from workers.celery import app
from workers.context import WorkerContext


@pytest.fixture
def celeryconfig(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("JWT_SECRET", settings.jwt_secret)
    monkeypatch.setenv("LAUREL_ENV", "test")
    return importlib.reload(importlib.import_module("celeryconfig"))


@pytest.fixture
def context(
    store: Store,
    stores: Stores,
    tmp_path: Path,
    celeryconfig: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkerContext]:
    """A worker's context with archiving on."""
    settings = make_settings(
        database_url=stores.database_url, laurel_home=str(tmp_path), retention_days=90
    )
    context = WorkerContext(settings, store, policy_from(settings))
    monkeypatch.setattr(scheduled_tasks, "get_context", lambda: context)
    yield context
    drop_old_months(store)


def test_beat_sends_only_tasks_that_exist_to_a_queue_that_is_consumed(
    celeryconfig: ModuleType,
) -> None:
    sent = {entry["task"] for entry in celeryconfig.beat_schedule.values()}
    known = {name for name in app.tasks if name.startswith("workers.scheduled_tasks.")}
    assert sent == known
    assert celeryconfig.task_routes["workers.scheduled_tasks.*"] == {"queue": "maintenance"}
    procfile = (Path(celeryconfig.__file__).parent / "Procfile").read_text()
    assert "workers.consumer maintenance" in procfile


def test_two_archive_steps_move_an_old_month_to_the_archive_folder(
    context: WorkerContext,
) -> None:
    make_stored_action(context.store, make_player(context.store), at=MARCH)
    scheduled_tasks.archive_old_actions()
    scheduled_tasks.archive_old_actions(argument_of_a_newer_publisher=1)
    with context.store.write() as connection:
        rows = connection.execute(text("SELECT row_count FROM archived_partitions")).scalars()
        assert list(rows) == [1]
    assert (context.settings.archive_path / "user_actions_y2026m03.manifest.json").exists()


def test_the_daily_tasks_delete_what_ended(context: WorkerContext) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with context.store.write() as connection:
        connection.execute(
            insert(tables.action_batches).values(
                batch_id=uuid4(),
                stage="done",
                next_look_at=long_ago,
                created_at=long_ago,
                updated_at=long_ago,
                **{column: [] for column in ARRAYS},
            )
        )
        connection.execute(
            insert(tables.realtime_tickets).values(
                ticket_hash=b"t",
                user_id=uuid4(),
                token_issued_at=long_ago,
                token_expires_at=long_ago,
                expires_at=long_ago,
            )
        )
        connection.execute(
            insert(tables.client_sightings).values(
                subject=uuid4(),
                user_id=uuid4(),
                seen_at=long_ago - timedelta(days=context.settings.client_retention_days),
            )
        )
    scheduled_tasks.delete_old_batches()
    scheduled_tasks.delete_ended_credentials()
    scheduled_tasks.delete_unseen_clients()
    with context.store.write() as connection:
        for table in ("action_batches", "realtime_tickets", "client_sightings"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
