"""Partitions: a month ahead is there before anybody needs it, made once, without a long lock."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from domain.errors import DatabaseUnavailableError
from domain.store.postgres.partitions import ensure_partitions, list_partitions, make_partition
from domain.store.store import Store
from tests.factories import make_player, make_stored_action
from tests.waiting import run_in_threads

FAR = datetime(2031, 11, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def without_far_months(store: Store) -> Iterator[None]:
    yield
    with store.write() as connection:
        for partition in list_partitions(connection):
            if partition.from_at >= FAR.replace(day=1, year=2030):
                connection.execute(text(f"DROP TABLE {partition.name}"))


def ensure(store: Store, now: datetime = FAR, **months: int) -> list[str]:
    with store.write() as connection:
        return ensure_partitions(connection, now=now, **months)


def test_the_current_and_the_next_three_months_are_made(store: Store) -> None:
    assert ensure(store) == [
        "user_actions_y2031m11",
        "user_actions_y2031m12",
        "user_actions_y2032m01",
        "user_actions_y2032m02",
    ]
    assert ensure(store) == []
    assert ensure(store, FAR + timedelta(days=30)) == ["user_actions_y2032m03"]


def test_a_month_is_one_of_utc_whatever_the_zone_of_the_clock(store: Store) -> None:
    east = timezone(timedelta(hours=10))
    partition = make_partition(datetime(2031, 12, 1, 9, tzinfo=east))
    assert partition.name == "user_actions_y2031m11"
    assert partition.until_at == datetime(2031, 12, 1, tzinfo=UTC)


def test_the_bounds_in_the_database_are_those_that_are_listed(store: Store) -> None:
    ensure(store)
    with store.write() as connection:
        bounds = connection.execute(
            text(
                "SELECT relname, pg_get_expr(relpartbound, oid) AS bound FROM pg_class"
                " WHERE relname = 'user_actions_y2031m12'"
            )
        ).one()
        listed = {partition.name: partition for partition in list_partitions(connection)}
    assert bounds.bound == (
        "FOR VALUES FROM ('2031-12-01 00:00:00+00') TO ('2032-01-01 00:00:00+00')"
    )
    assert listed["user_actions_y2031m12"].until_at == datetime(2032, 1, 1, tzinfo=UTC)


def test_a_new_month_has_the_keys_and_indexes_of_its_table(store: Store) -> None:
    ensure(store)
    with store.write() as connection:
        made = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes,"
                " (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f')"
                " AS foreign_keys FROM pg_class c WHERE relname = 'user_actions_y2031m12'"
            )
        ).one()
    assert (made.indexes, made.foreign_keys) == (4, 1)


def test_several_at_once_make_each_month_once(store: Store) -> None:
    made: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(timeout=10)
        made.extend(ensure(store))

    run_in_threads(work, count=4)
    assert len(made) == len(set(made)) == 4


def test_readers_and_writers_of_actions_do_not_hold_a_new_month_up(store: Store) -> None:
    player = make_player(store)
    with store.write() as other:
        other.execute(text("SELECT count(*) FROM user_actions"))
        other.execute(text("UPDATE user_actions SET status = 'applied'"))
        assert len(ensure(store)) == 4
    make_stored_action(store, player, at=FAR)


def test_a_writer_of_scores_puts_a_new_month_off_and_is_not_held_up(store: Store) -> None:
    make_player(store)
    with store.write() as writer:
        writer.execute(text("UPDATE user_scores SET score = 1"))
        with pytest.raises(DatabaseUnavailableError):
            ensure(store)
        writer.execute(text("UPDATE user_scores SET score = 2"))
    assert len(ensure(store)) == 4
