"""Numbering: each client has one number, whoever asks at the same time, and it never changes."""

import threading
from collections import Counter

import pytest
from sqlalchemy import event, text

from domain.clients.known import KnownClients
from domain.clients.model import Place
from domain.clients.numbering import number_clients
from domain.errors import DatabaseUnavailableError
from domain.fraud.candidate import Client
from domain.store.postgres.clients.numbers import ensure_clients
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import accept, fetch
from tests.integration.clients.clients import make_facts
from tests.waiting import run_in_threads


def count_rows(store: Store) -> int:
    count: int = fetch(store, "SELECT count(*) FROM clients")[0][0]
    return count


def test_a_client_has_one_number_that_stays_and_each_is_another(store: Store) -> None:
    clients = [make_facts() for _ in range(5)]
    numbers = number_clients(store, clients=[*clients, clients[0]])
    assert len(set(numbers.values())) == len(clients) == count_rows(store)
    again = number_clients(store, clients=[make_facts(), *reversed(clients)])
    assert {client: again[client] for client in clients} == numbers


@pytest.mark.parametrize("field", ["device", "address", "names_device", "country"])
def test_what_differs_in_one_of_four_is_another_client(store: Store, field: str) -> None:
    first = make_facts()
    other = {"names_device": True, "country": first.place}.get(field, make_facts().device)
    second = first._replace(**{"place" if field == "country" else field: other})
    if field == "country":
        second = first._replace(place=Place("FR"))
    numbers = number_clients(store, clients=[first, second])
    assert numbers[first] != numbers[second]


def test_a_row_never_changes_though_its_place_is_known_better(store: Store) -> None:
    first = make_facts()
    better = first._replace(place=Place("DE", 48.0, 11.5, is_hosting=True))
    numbers = number_clients(store, clients=[first])
    assert number_clients(store, clients=[better]) == {better: numbers[first]}
    both = make_facts()
    twin = both._replace(place=Place("DE"))
    assert len(set(number_clients(store, clients=[both, twin]).values())) == 1
    assert count_rows(store) == 2


def test_threads_that_meet_the_same_clients_get_the_same_numbers(store: Store) -> None:
    clients = [make_facts() for _ in range(30)]
    seen: Counter[tuple[int, ...]] = Counter()
    start = threading.Barrier(6)

    def number_all() -> None:
        start.wait(20)
        with store.write() as connection:
            numbers = ensure_clients(connection, clients=clients)
        seen[tuple(numbers[client] for client in clients)] += 1

    run_in_threads(number_all, count=6)
    assert list(seen.values()) == [6]
    assert count_rows(store) == len(clients)


def test_a_number_that_another_transaction_has_just_given_is_found(store: Store) -> None:
    client = make_facts()
    found: list[int] = []
    with store.write() as first:
        numbers = ensure_clients(first, clients=[client])

        def number_it() -> None:
            with store.write() as second:
                found.append(ensure_clients(second, clients=[client])[client])

        waiting = threading.Thread(target=number_it, daemon=True)
        waiting.start()
        wait_for_lock(store)
    waiting.join(20)
    assert found == [numbers[client]]


def wait_for_lock(store: Store) -> None:
    with store.write() as connection:
        for _ in range(2000):
            if connection.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
                return
            connection.execute(text("SELECT pg_sleep(0.01)"))
    raise AssertionError("nobody waits for a lock")


def test_who_numbers_waits_only_briefly_for_a_lock(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DatabaseUnavailableError):
            number_clients(store, clients=[make_facts()])
    assert count_rows(store) == 0


def test_known_clients_are_read_once_and_those_asked_for_longest_ago_are_forgotten(
    store: Store,
) -> None:
    clients = [make_facts() for _ in range(3)]
    numbers = list(number_clients(store, clients=clients).values())
    known = KnownClients(limit=2)
    statements: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    with store.write() as connection:
        first = known.find(connection, [numbers[0], numbers[0], numbers[1], 10**9])
        assert len(statements) == 1
        assert known.find(connection, numbers[:2]) == first
        assert known.find(connection, []) == {}
        assert len(statements) == 1
        assert known.find(connection, [numbers[0], numbers[2]]).keys() == {numbers[0], numbers[2]}
        known.find(connection, [numbers[0]])
        assert len(statements) == 2
        known.find(connection, [numbers[1]])
        assert len(statements) == 3
    facts = clients[0]
    assert first.keys() == {numbers[0], numbers[1]}
    assert first[numbers[0]] == Client(
        numbers[0], str(facts.device), False, str(facts.address), "DE", 52.5, 13.25, False
    )


def test_a_batch_has_arrays_of_clients_and_step_ups_only_when_one_is_known(store: Store) -> None:
    accept(store, [make_action(), make_action()])
    assert fetch(store, "SELECT client_nos, step_ups FROM action_batches") == [(None, None)]
    accept(store, [make_action(client_no=7), make_action(step_up=2), make_action()])
    batches = fetch(
        store,
        "SELECT client_nos, step_ups FROM action_batches WHERE client_nos IS NOT NULL",
    )
    assert batches == [([7, None, None], [None, 2, None])]
