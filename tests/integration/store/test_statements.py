"""Plans that a connection keeps: made once, lost with the connection, and never in the way."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import DatabaseUnavailableError, UnstorableDataError
from domain.settings import Settings
from domain.store.postgres.partitions import list_partitions
from domain.store.postgres.statements import hot, prepared
from domain.store.store import Store, connect
from tests.factories import make_action
from tests.pipeline import complete_actions
from workers.context import WorkerContext

ECHO = "SELECT CAST(:ids AS uuid[]) AS ids, '100%' AS share, CAST(:number AS bigint) + :number AS n"
PROBE = "SELECT number FROM plan_probe"


@pytest.fixture
def single(settings: Settings) -> Iterator[Store]:
    """A store with one connection."""
    store = connect(settings, pool_size=1)
    yield store
    store.close()


def echo(store: Store) -> tuple[list[UUID], str, int]:
    ids = [uuid4(), uuid4()]
    parameters = {"ids": [str(user_id) for user_id in ids], "number": 21}
    with store.write() as connection:
        row = connection.execute(prepared(ECHO), parameters).one()
    assert row.ids == ids
    return row.ids, row.share, row.n


def count_plans(store: Store) -> list[int]:
    with store.write() as connection:
        return list(
            connection.execute(text("SELECT generic_plans FROM pg_prepared_statements")).scalars()
        )


def run(store: Store, statement: str) -> None:
    with store.write() as connection:
        connection.execute(text(statement))


def test_a_connection_plans_once_for_whatever_values(single: Store) -> None:
    for _ in range(3):
        assert echo(single)[1:] == ("100%", 42)
    assert count_plans(single) == [3]


def test_a_rollback_does_not_take_the_plan(single: Store) -> None:
    with pytest.raises(KeyError), single.write() as connection:
        connection.execute(prepared(ECHO), {"ids": [], "number": 1})
        raise KeyError
    assert echo(single)[1:] == ("100%", 42)
    assert count_plans(single) == [2]


def test_a_new_connection_makes_its_own_plans(single: Store) -> None:
    echo(single)
    with pytest.raises(DatabaseUnavailableError):
        run(single, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert echo(single)[1:] == ("100%", 42)
    assert count_plans(single) == [1]


def test_deallocated_statements_fail_once_and_are_prepared_again(single: Store) -> None:
    echo(single)
    run(single, "DEALLOCATE ALL")
    with pytest.raises(DatabaseUnavailableError):
        echo(single)
    assert echo(single)[1:] == ("100%", 42)


def test_a_column_of_another_type_is_a_fault_that_passes(single: Store) -> None:
    run(single, "CREATE TABLE plan_probe AS SELECT 7 AS number")
    try:
        with single.write() as connection:
            assert connection.execute(prepared(PROBE)).scalar() == 7
        run(single, "ALTER TABLE plan_probe ALTER COLUMN number TYPE text")
        with pytest.raises(DatabaseUnavailableError), single.write() as connection:
            connection.execute(prepared(PROBE))
        with single.write() as connection:
            assert connection.execute(prepared(PROBE)).scalar() == "7"
    finally:
        run(single, "DROP TABLE plan_probe")


def test_a_hot_statement_answers_as_a_prepared_one_and_shares_its_plan(single: Store) -> None:
    echo(single)
    with single.write() as connection:
        parameters = {"ids": [str(uuid4())], "number": 21}
        row = hot(ECHO).run(connection, parameters).fetchone()
        assert row == tuple(connection.execute(prepared(ECHO), parameters).one())
    assert count_plans(single) == [3]


def test_a_hot_statement_is_in_the_transaction(single: Store) -> None:
    run(single, "CREATE TABLE plan_probe AS SELECT 7 AS number")
    try:
        with pytest.raises(KeyError), single.write() as connection:
            assert hot("UPDATE plan_probe SET number = 8").run(connection, {}).rowcount == 1
            raise KeyError
        with single.write() as connection:
            assert hot(PROBE).run(connection, {}).fetchall() == [(7,)]
    finally:
        run(single, "DROP TABLE plan_probe")


def test_a_hot_statement_fails_as_others_do(single: Store) -> None:
    failing = {
        "SELECT CAST(:text AS uuid)": UnstorableDataError,
        "SELECT pg_terminate_backend(pg_backend_pid()), :text": DatabaseUnavailableError,
        "SELECT no_such_column, :text": DatabaseUnavailableError,
        "SELEC :text": ProgrammingError,
    }
    for statement, error in failing.items():
        with pytest.raises(error), single.write() as connection:
            hot(statement).run(connection, {"text": "no uuid"})
        with single.autocommit() as connection:
            assert hot("SELECT 1").run(connection, {}).fetchone() == (1,)
    with pytest.raises(TypeError), single.write() as connection:
        hot("SELECT CAST(:ids AS text[])").run(connection, {"ids": [{}]})
    assert echo(single)[1:] == ("100%", 42)


def test_a_deallocated_hot_statement_fails_once_and_is_prepared_again(single: Store) -> None:
    for is_there in (True, False, True):
        with expected_loss(is_there), single.write() as connection:
            assert hot("SELECT 7").run(connection, {}).fetchone() == (7,)
        if is_there:
            run(single, "DEALLOCATE ALL")


def expected_loss(is_there: bool) -> AbstractContextManager[Any]:
    return nullcontext() if is_there else pytest.raises(DatabaseUnavailableError)


def test_no_plan_waits_for_a_month_that_is_being_archived(worker_context: WorkerContext) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    with store.write() as archiver:
        past = [part for part in list_partitions(archiver) if is_over(part.until_at)]
        assert past, "there is a month to archive"
        archiver.execute(text(f"LOCK TABLE {past[-1].name} IN SHARE MODE"))
        # Twice: the plan that a connection made at its first batch serves the second one.
        for _ in range(2):
            complete_actions(worker_context, [make_action()])
        statuses = archiver.execute(text("SELECT status FROM user_actions")).scalars()
        assert list(statuses) == ["applied"] * 2


def is_over(until_at: datetime) -> bool:
    return until_at < datetime.now(UTC) + timedelta(minutes=1)
