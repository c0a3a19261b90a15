"""Cleaning: what has served its time goes in bounded chunks, and nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, insert, select

from domain.actions.chain import Stage
from domain.archives import cleaning
from domain.archives.cleaning import delete_ended_credentials, delete_old_batches
from domain.store.postgres import tables
from domain.store.postgres.actions.entries import ARRAYS
from domain.store.store import Store
from tests.factories import Player, make_player
from tests.waiting import run_in_threads

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def add(store: Store, table: Table, **values: Any) -> None:
    with store.write() as connection:
        connection.execute(insert(table).values(**values))


def read(store: Store, table: Table, column: str) -> list[Any]:
    with store.write() as connection:
        return list(connection.execute(select(table.c[column]).order_by(column)).scalars())


def add_batch(store: Store, *, stage: Stage, updated_at: datetime) -> None:
    add(
        store,
        tables.action_batches,
        batch_id=uuid4(),
        stage=stage,
        next_look_at=updated_at,
        created_at=updated_at,
        updated_at=updated_at,
        **{array: [] for array in ARRAYS if array != "versions"},
    )


def add_credentials(store: Store, player: Player, *, expires_at: datetime) -> None:
    add(
        store,
        tables.sessions,
        session_id=uuid4(),
        user_id=player.user_id,
        family_hash=uuid4().bytes,
        refresh_hash=uuid4().bytes,
        expires_at=expires_at,
    )
    add(
        store,
        tables.play_sessions,
        session_id=uuid4(),
        user_id=player.user_id,
        expires_at=expires_at,
    )
    add(store, tables.revocations, kind="jti", subject=str(uuid4()), expires_at=expires_at)
    add(
        store,
        tables.realtime_tickets,
        ticket_hash=uuid4().bytes,
        user_id=player.user_id,
        token_issued_at=expires_at,
        token_expires_at=expires_at,
        expires_at=expires_at,
    )


def test_only_batches_that_ended_a_week_ago_go(store: Store) -> None:
    old, young = NOW - WEEK - SECOND, NOW - WEEK + SECOND
    for stage in (Stage.DONE, Stage.SPLIT, Stage.AUDITED):
        add_batch(store, stage=stage, updated_at=old)
    add_batch(store, stage=Stage.DONE, updated_at=young)
    cleaned = delete_old_batches(store, now=NOW)
    assert (cleaned.rows, cleaned.finished) == ({"action_batches": 2}, True)
    assert read(store, tables.action_batches, "stage") == [Stage.AUDITED, Stage.DONE]


def test_only_credentials_that_ended_a_day_ago_go(store: Store) -> None:
    player = make_player(store)
    add_credentials(store, player, expires_at=NOW - DAY - SECOND)
    add_credentials(store, player, expires_at=NOW - DAY + SECOND)
    add_credentials(store, player, expires_at=NOW + DAY)
    assert delete_ended_credentials(store, now=NOW).rows == {
        "sessions": 1,
        "revocations": 1,
        "realtime_tickets": 1,
        "play_sessions": 1,
    }
    kept = [NOW - DAY + SECOND, NOW + DAY]
    for table in (
        tables.sessions,
        tables.revocations,
        tables.realtime_tickets,
        tables.play_sessions,
    ):
        assert read(store, table, "expires_at") == kept


def test_a_big_heap_goes_in_chunks_and_stops_when_the_time_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "CHUNK_ROWS", 2)
    for _ in range(5):
        add_batch(store, stage=Stage.DONE, updated_at=NOW - 2 * WEEK)
    first = delete_old_batches(store, now=NOW, budget_seconds=0)
    assert (first.rows["action_batches"], first.finished) == (2, False)
    second = delete_old_batches(store, now=NOW)
    assert (second.rows["action_batches"], second.finished) == (3, True)


def test_two_runs_at_once_delete_each_row_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "CHUNK_ROWS", 3)
    for _ in range(40):
        add_batch(store, stage=Stage.DONE, updated_at=NOW - 2 * WEEK)
    deleted: list[int] = []

    def work() -> None:
        deleted.append(delete_old_batches(store, now=NOW).rows["action_batches"])

    run_in_threads(work, count=4)
    deleted.append(delete_old_batches(store, now=NOW).rows["action_batches"])
    assert sum(deleted) == 40
    assert read(store, tables.action_batches, "stage") == []
