"""Health and readiness show the background threads of their process."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.accounts.sessions import revoke_user
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.store.postgres.heartbeats import beat
from domain.store.store import Store
from tests.waiting import wait_until
from tests.web.intake.batch_service import failures_of
from web.access.key_set import KeySet
from web.access.revocations import Revocations
from web.access.verifier import TokenVerifier
from web.health.probes import MAX_KEY_SET_AGE_SECONDS, MAX_REVOCATIONS_AGE_SECONDS, make_probes
from web.health.readiness import Readiness
from workers.process.background import STUCK_SECONDS, BackgroundThread


class Clock:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of `thread` and `verifier`."""
    return Clock()


@pytest.fixture
def thread(clock: Clock) -> Iterator[BackgroundThread]:
    """A thread that is at work on one long step."""
    end = threading.Event()
    thread = BackgroundThread("flusher", lambda: end.wait(20) and None, clock=clock)
    thread.start()
    yield thread
    end.set()
    thread.stop(20)


@pytest.fixture
def verifier(settings: Settings, store: Store, clock: Clock) -> TokenVerifier:
    """A verifier that has read revocations once; no thread reads them again."""
    verifier = TokenVerifier(settings, store)
    verifier._revocations = Revocations(store, clock)
    verifier.look_now()
    return verifier


def run(store: Store, statement: str) -> None:
    with store.write() as connection:
        connection.execute(text(statement))


def test_a_process_whose_required_thread_is_stuck_is_not_ready_until_it_goes_on(
    store: Store, clock: Clock, thread: BackgroundThread
) -> None:
    with store.write() as connection:
        beat(connection, process="worker")
    readiness = Readiness(store, [thread])
    assert readiness.find_obstacle() is None
    clock.now += STUCK_SECONDS + 1
    assert readiness.find_obstacle() == "the thread flusher is dead or stuck"
    thread.run_step = lambda: True  # type: ignore[method-assign]
    thread._last_success = clock.now
    assert readiness.find_obstacle() is None


def test_a_process_whose_required_thread_is_dead_is_not_ready(store: Store) -> None:
    dead = BackgroundThread("flusher", lambda: None)
    assert Readiness(store, [dead]).find_obstacle() == "the thread flusher is dead or stuck"


def test_health_shows_the_seconds_since_each_thread_s_success(
    settings: Settings,
    store: Store,
    verifier: TokenVerifier,
    clock: Clock,
    thread: BackgroundThread,
) -> None:
    probes = make_probes(settings, store, verifier, lambda: [thread])
    clock.now += 2.5
    part = probes.run()["threads"]
    assert (part["ok"], part["seconds"]) == (True, {"flusher": 2.5})
    clock.now += STUCK_SECONDS
    part = probes.run()["threads"]
    assert (part["ok"], part["error"]) == (False, "dead or stuck: flusher")
    assert part["seconds"] == {"flusher": 2.5 + STUCK_SECONDS}


def test_authentication_is_not_ok_once_revocations_are_too_old(
    settings: Settings, store: Store, verifier: TokenVerifier, clock: Clock
) -> None:
    probes = make_probes(settings, store, verifier)
    clock.now += MAX_REVOCATIONS_AGE_SECONDS
    assert probes.run()["authentication"]["ok"]
    clock.now += 1
    part = probes.run()["authentication"]
    assert (part["ok"], part["revocationsSeconds"]) == (False, MAX_REVOCATIONS_AGE_SECONDS + 1)
    verifier.look_now()
    assert probes.run()["authentication"]["ok"]


def test_authentication_tells_the_age_of_the_key_set_and_is_not_ok_once_it_is_too_old(
    settings: Settings, store: Store, verifier: TokenVerifier, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    verifier.codec.key_set = KeySet(str(file), clock)
    probes = make_probes(settings, store, verifier)
    assert probes.run()["authentication"]["keySetSeconds"] == 0
    clock.now += MAX_KEY_SET_AGE_SECONDS + 1
    verifier.look_now()
    part = probes.run()["authentication"]
    assert (part["ok"], part["keySetSeconds"]) == (False, MAX_KEY_SET_AGE_SECONDS + 1)
    file.write_text('{"keys": []}')
    verifier.codec.key_set.step()
    assert probes.run()["authentication"]["ok"]


@pytest.mark.parametrize("error", [LookupError("a bug"), DatabaseUnavailableError()])
def test_revocations_are_read_again_after_a_read_that_failed(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    reads: list[Exception] = [error]

    def fail_once(*_: Any, **__: Any) -> list[Any]:
        if reads:
            raise reads.pop()
        return []

    before = failures_of("revocations")
    monkeypatch.setattr("web.access.revocations.list_revocations", fail_once)
    revocations = Revocations(store)
    revocations.start()
    wait_until(lambda: failures_of("revocations") == before + 1)
    revocations.read_soon()
    wait_until(lambda: revocations._last_read is not None)
    revocations.stop()
    assert not revocations.thread.is_alive


def test_a_revocation_holds_after_the_tables_were_away(
    settings: Settings, store: Store, clock: Clock
) -> None:
    verifier = TokenVerifier(settings, store)
    verifier._revocations = Revocations(store, clock)
    verifier.look_now()
    probes = make_probes(settings, store, verifier)
    user_id, issued_at = uuid4(), datetime.now(UTC) - timedelta(seconds=1)
    before = failures_of("revocations")
    run(store, "ALTER TABLE revocations RENAME TO away")
    verifier.revocations.start()
    try:
        wait_until(lambda: failures_of("revocations") > before)
        clock.now += MAX_REVOCATIONS_AGE_SECONDS + 1
        assert not probes.run()["authentication"]["ok"]
    finally:
        run(store, "ALTER TABLE away RENAME TO revocations")
    revoke_user(store, user_id=user_id, until=issued_at + timedelta(hours=1))

    def is_revoked() -> bool:
        return verifier.revocations.is_revoked(
            user_id=user_id, session_id=None, jti=None, issued_at=issued_at
        )

    wait_until(is_revoked)
    assert probes.run()["authentication"]["ok"]
    verifier.revocations.stop()


def test_an_announced_revocation_is_read_before_its_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = threading.Semaphore(0)

    def count_reads(*_: Any, **__: Any) -> list[Any]:
        reads.release()
        return []

    monkeypatch.setattr("web.access.revocations.list_revocations", count_reads)
    revocations = Revocations(store)
    monkeypatch.setattr(revocations.thread, "_every_seconds", 3600.0)
    revocations.start()
    assert reads.acquire(timeout=20)
    revocations.read_soon()
    assert reads.acquire(timeout=20)
    revocations.stop()
    assert not revocations.is_revoked(user_id=uuid4(), session_id=None, jti=None, issued_at=None)


def test_an_error_of_the_schema_is_a_part_that_is_not_well(
    settings: Settings,
    store: Store,
    verifier: TokenVerifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask_unmigrated(connection: Any) -> Callable[[], None]:
        connection.execute(text("SELECT 1 FROM no_such_table"))
        raise AssertionError("there is no such table")

    monkeypatch.setattr("web.health.probes.ping_database", ask_unmigrated)
    part = make_probes(settings, store, verifier).run()["database"]
    assert (part["ok"], part["error"]) == (
        False,
        "PostgreSQL is not able to do the work (SQLSTATE 42P01)",
    )
