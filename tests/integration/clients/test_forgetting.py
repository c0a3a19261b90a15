"""Forgetting: what nobody has seen for long goes, whatever is in use stays, and nobody waits."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.archives import cleaning
from domain.archives.cleaning import Cleaned, delete_unseen_clients
from domain.clients.model import SEEN_WITHIN, ClientFacts
from domain.clients.numbering import number_clients
from domain.store.postgres.clients.numbers import ensure_clients
from domain.store.store import Store
from tests.intakes import fetch
from tests.integration.clients.clients import make_facts
from tests.integration.clients.test_numbering import wait_for_lock

DAYS = 180
SECOND = timedelta(seconds=1)
LONG_AGO = timedelta(days=DAYS) + SECOND


def forget(store: Store, *, now: datetime, budget_seconds: float = 60) -> Cleaned:
    return delete_unseen_clients(store, unseen_days=DAYS, now=now, budget_seconds=budget_seconds)


def execute(store: Store, statement: str, **parameters: object) -> None:
    with store.write() as connection:
        connection.execute(text(statement), parameters)


def add_seen(store: Store, ages: Sequence[timedelta], *, now: datetime) -> None:
    """Insert a client and a sighting for each age, with keys spread over all that there can be."""
    for place, age in enumerate(ages):
        subject = UUID(int=((2 * place + 1) << 128) // (2 * len(ages)))
        at = now - age
        execute(
            store,
            "INSERT INTO clients (device, names_device, address, country, is_hosting, seen_at)"
            " VALUES (:subject, false, :subject, '', false, :at)",
            subject=subject,
            at=at,
        )
        execute(
            store,
            "INSERT INTO client_sightings (subject, user_id, seen_at) VALUES (:one, :one, :at)",
            one=subject,
            at=at,
        )


def count(store: Store) -> tuple[int, int]:
    (row,) = fetch(
        store,
        "SELECT (SELECT count(*) FROM clients), (SELECT count(*) FROM client_sightings)",
    )
    return row[0], row[1]


@pytest.mark.parametrize("hours", range(0, 24, 5))
def test_only_what_was_not_seen_for_long_goes_wherever_a_run_begins(
    store: Store, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(cleaning, "CHUNK_ROWS", 2)
    now = datetime(2026, 11, 23, hours, tzinfo=UTC)
    add_seen(store, [LONG_AGO, LONG_AGO - 2 * SECOND] * 4 + [LONG_AGO], now=now)
    cleaned = forget(store, now=now)
    assert (cleaned.rows, cleaned.finished) == ({"client_sightings": 5, "clients": 5}, True)
    assert count(store) == (4, 4)
    ages = fetch(
        store,
        "SELECT min(seen_at) FROM clients UNION ALL SELECT min(seen_at) FROM client_sightings",
    )
    assert [row[0] for row in ages] == [now - LONG_AGO + 2 * SECOND] * 2


def test_runs_that_are_too_short_reach_every_row_in_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "CHUNK_ROWS", 2)
    now = datetime(2026, 11, 23, 4, 17, tzinfo=UTC)
    add_seen(store, [LONG_AGO] * 20, now=now)
    first = forget(store, now=now, budget_seconds=0)
    assert not first.finished
    assert all(0 < rows <= 2 for rows in first.rows.values())
    for day in range(1, 60):
        forget(store, now=now + timedelta(days=day), budget_seconds=0)
    assert count(store) == (0, 0)


def test_a_client_that_is_numbered_again_is_seen_but_not_written_each_time(store: Store) -> None:
    facts = make_facts()
    number = number_clients(store, clients=[facts])[facts]
    version = fetch(store, "SELECT xmin FROM clients")
    assert number_clients(store, clients=[facts]) == {facts: number}
    assert fetch(store, "SELECT xmin FROM clients") == version
    make_old(store, SEEN_WITHIN + SECOND)
    assert number_clients(store, clients=[facts, facts]) == {facts: number}
    assert fetch(store, "SELECT client_no, seen_at > now() - interval '1 minute' FROM clients") == [
        (number, True)
    ]


def make_old(store: Store, age: timedelta = LONG_AGO) -> None:
    execute(store, "UPDATE clients SET seen_at = now() - :age", age=age)


def number_in_background(store: Store, facts: ClientFacts) -> tuple[threading.Thread, list[int]]:
    found: list[int] = []

    def number() -> None:
        with store.write() as connection:
            found.append(ensure_clients(connection, clients=[facts])[facts])

    thread = threading.Thread(target=number, daemon=True)
    thread.start()
    return thread, found


def test_a_client_that_is_just_forgotten_gets_a_number_that_is_stored(store: Store) -> None:
    facts = make_facts()
    former = number_clients(store, clients=[facts])[facts]
    make_old(store)
    with store.write() as connection:
        connection.execute(text("DELETE FROM clients"))
        thread, found = number_in_background(store, facts)
        wait_for_lock(store)
    thread.join(20)
    assert found != [former]
    assert fetch(store, "SELECT client_no FROM clients") == [(found[0],)]


def test_what_somebody_is_just_seeing_stays_and_is_not_waited_for(store: Store) -> None:
    facts = make_facts()
    number_clients(store, clients=[facts, make_facts()])
    make_old(store)
    with store.write() as connection:
        ensure_clients(connection, clients=[facts])
        cleaned = forget(store, now=datetime.now(UTC))
        assert cleaned.rows["clients"] == 1
    assert fetch(store, "SELECT device FROM clients") == [(facts.device,)]
    assert forget(store, now=datetime.now(UTC)).rows["clients"] == 0


def test_no_index_has_the_time_so_that_writing_it_makes_no_entry(store: Store) -> None:
    indexes = fetch(
        store,
        "SELECT tablename, indexdef FROM pg_indexes"
        " WHERE tablename IN ('clients', 'client_sightings')",
    )
    assert len(indexes) == 4
    assert not any("seen_at" in definition for _, definition in indexes)
