"""The store's connections: transient faults are one error, and nothing waits forever."""

import select
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from domain.errors import DatabaseConflictError, DatabaseUnavailableError, UnstorableDataError
from domain.settings import Settings
from domain.store.postgres import errors
from domain.store.store import Store, connect
from faults.proxy import Proxy
from tests.factories import make_player


@pytest.fixture
def proxy(settings: Settings) -> Iterator[Proxy]:
    """A way to PostgreSQL that can be cut."""
    proxy = Proxy(settings.database_url)
    yield proxy
    proxy.close()


@pytest.fixture
def other(settings: Settings) -> Iterator[Store]:
    """A store with connections of its own."""
    other = connect(settings)
    yield other
    other.close()


@pytest.fixture
def distant(settings: Settings, proxy: Proxy) -> Iterator[Store]:
    """A store behind the proxy."""
    distant = connect(replace(settings, database_url=proxy.url))
    yield distant
    distant.close()


def ask(store: Store, statement: str = "SELECT 1") -> object:
    with store.write() as connection:
        return connection.execute(text(statement)).scalar()


def test_a_lost_connection_is_unavailable_and_the_next_one_works(
    distant: Store, proxy: Proxy
) -> None:
    assert ask(distant) == 1
    proxy.cut()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError):
            ask(distant)
    proxy.mend()
    assert ask(distant) == 1


@pytest.mark.parametrize("kind", ["write", "lazy", "autocommit", "intake"])
def test_an_idle_connection_that_the_server_has_ended_is_not_used(
    store: Store, other: Store, kind: str
) -> None:
    open_transaction = getattr(other, kind)
    with open_transaction() as connection:
        idle = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    assert ask(store, f"SELECT pg_terminate_backend({idle}, 5_000)")
    with open_transaction() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != idle


def test_a_connection_that_was_just_made_is_used_whatever_its_socket_says(
    other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(other) == 1

    class Readable:
        def register(self, *_: object) -> None:
            pass

        def poll(self, _timeout: int) -> bool:
            return True

    monkeypatch.setattr(select, "poll", Readable)
    assert ask(other) == 1


def test_a_backend_that_was_ended_is_unavailable(store: Store) -> None:
    with pytest.raises(DatabaseUnavailableError):
        ask(store, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert ask(store) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)",
        "SELECT 1 FROM no_such_table",
        "SELECT no_such_column FROM users",
        "SET TRANSACTION READ ONLY; DELETE FROM heartbeats",
        *(
            f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$"
            for state in (
                "08006",
                "25006",
                "25P03",
                "42501",
                "53100",
                "53300",
                "53400",
                "55000",
                "55P03",
                "57P01",
                "57P04",
                "58030",
                "XX000",
            )
        ),
    ],
)
def test_a_transient_fault_is_unavailable(store: Store, statement: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        ask(store, statement)


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_lost_a_conflict_may_be_run_again(store: Store, state: str) -> None:
    with pytest.raises(DatabaseConflictError):
        ask(store, f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$")


def test_refused_data_is_unstorable_and_a_bad_statement_comes_through(store: Store) -> None:
    player = make_player(store)
    with pytest.raises(UnstorableDataError):
        ask(store, "SELECT CAST('x' AS integer)")
    with pytest.raises(ProgrammingError):
        ask(store, "SELECT FROM WHERE")
    with pytest.raises(UnstorableDataError):
        ask(store, f"INSERT INTO user_scores (user_id) VALUES ('{player.user_id}')")
    with pytest.raises(UnstorableDataError):
        ask(store, "UPDATE user_scores SET score = -1")


def test_an_exhausted_pool_is_unavailable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = connect(settings, pool_size=1)
    monkeypatch.setattr(small.engine.pool, "_timeout", 0.05)
    with small.write(), pytest.raises(DatabaseUnavailableError):
        ask(small)
    assert ask(small) == 1
    small.close()


def test_every_connection_is_bounded_in_all_it_may_wait_for(settings: Settings) -> None:
    store = connect(settings)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    for begin in (store.write, store.lazy, store.autocommit):
        with begin() as connection:
            for name in names:
                assert connection.execute(text(f"SHOW {name}")).scalar() not in ("0", None)
            assert connection.execute(text("SHOW tcp_keepalives_idle")).scalar() == "6"
            asked = connection.execute(
                text(
                    "SELECT setting FROM pg_settings"
                    " WHERE name = 'synchronous_commit' AND source = 'client'"
                )
            ).scalar()
        assert asked == (None if begin == store.write else "off"), "only what is asked lazily is"
    store.close()


def test_an_autocommitted_statement_is_committed_whatever_follows(store: Store) -> None:
    player = make_player(store)
    with pytest.raises(ProgrammingError), store.autocommit() as connection:
        connection.execute(text("UPDATE user_scores SET score = 5"))
        connection.execute(text("SELECT FROM WHERE"))
    assert ask(store, f"SELECT score FROM user_scores WHERE user_id = '{player.user_id}'") == 5


def own_backend(store: Store) -> object:
    return ask(store, "SELECT pg_backend_pid()")


@pytest.mark.parametrize("state", ["25006", "55000", "58030", "57P01", "XX000"])
def test_a_connection_whose_server_is_unwell_is_given_up(settings: Settings, state: str) -> None:
    store = connect(settings, pool_size=1)
    before = own_backend(store)
    with pytest.raises(DatabaseUnavailableError) as refused:
        ask(store, f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$")
    assert refused.value.sqlstate == state
    assert own_backend(store) != before
    store.close()


@pytest.mark.parametrize("state", ["55P03", "57014", "53100", "42501"])
def test_a_connection_is_kept_after_what_concerns_the_statement(
    settings: Settings, state: str
) -> None:
    store = connect(settings, pool_size=1)
    before = own_backend(store)
    with pytest.raises(DatabaseUnavailableError):
        ask(store, f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$")
    assert own_backend(store) == before
    store.close()


def test_pooled_connections_to_a_server_that_was_read_only_do_not_outlive_the_first_write(
    settings: Settings, read_only: Callable[[bool], None]
) -> None:
    store = connect(settings, pool_size=2)
    write = "INSERT INTO heartbeats VALUES ('test', now()) ON CONFLICT DO NOTHING RETURNING 1"
    read_only(True)
    with store.write() as first, store.write() as second:
        for connection in (first, second):
            connection.execute(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailableError):
        ask(store, write)
    read_only(False)
    with store.write() as first, store.write() as second:
        for connection in (first, second):
            assert connection.execute(text("SHOW transaction_read_only")).scalar() == "off"
    store.close()


def test_what_the_server_says_is_logged_once_in_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "_logged_at", {})
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailableError):
                ask(store, "SELECT 1 FROM no_such_table")
    assert [(line["event"], line["sqlstate"]) for line in logs] == [("database refused", "42P01")]
    assert "no_such_table" in logs[0]["said"]
