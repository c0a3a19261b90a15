"""Leadership: one keeper at work among several, and never one that only believes it."""

from sqlalchemy import text

from domain.store.postgres.advisory_locks import AdvisoryLock
from domain.store.postgres.leadership import Leadership
from domain.store.store import Store
from tests.waiting import wait_until


def test_only_one_of_two_keepers_is_at_work_and_the_other_takes_over(store: Store) -> None:
    first = Leadership(store.engine, AdvisoryLock.KEEPER)
    second = Leadership(store.engine, AdvisoryLock.KEEPER)
    wait_until(first.hold)
    assert [second.hold(), first.hold(), second.hold()] == [False, True, False]
    first.release()
    wait_until(second.hold)
    second.release()


def test_a_keeper_whose_connection_was_ended_does_not_believe_that_it_leads(store: Store) -> None:
    first = Leadership(store.engine, AdvisoryLock.KEEPER)
    second = Leadership(store.engine, AdvisoryLock.KEEPER)
    # PostgreSQL may still be ending the connection that held the lock in the test before.
    wait_until(first.hold)
    with store.write() as connection:
        ended = connection.execute(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
                " WHERE locktype = 'advisory' AND objid = :lock AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"lock": int(AdvisoryLock.KEEPER)},
        ).scalar_one()
    assert ended == 1
    wait_until(second.hold)
    assert not first.hold()
    assert not first.hold()
    second.release()
    wait_until(first.hold)
    first.release()


def test_a_keeper_does_not_lead_on_a_server_that_is_read_only(store: Store) -> None:
    leadership = Leadership(store.engine, AdvisoryLock.KEEPER)
    wait_until(leadership.hold)
    assert leadership._connection is not None
    leadership._connection.execute(text("SET default_transaction_read_only = on"))
    assert not leadership.hold()
    wait_until(leadership.hold)
    leadership.release()
