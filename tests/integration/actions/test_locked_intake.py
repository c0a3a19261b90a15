"""Intake waits for a lock only briefly, and only the actions of locked players are not taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.intake import IntakeOutcome
from domain.store.postgres.actions.intake import ORDER_LOCK_CLASS, ORDER_LOCKS
from domain.store.postgres.engine import INTAKE_LOCK_TIMEOUT_MS
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import ALL_ACTIONS, accept, accepted_ids, fetch

LOCK = "SELECT pg_advisory_xact_lock(:class, :bucket)"
PATIENCE_SECONDS = 4 * INTAKE_LOCK_TIMEOUT_MS / 1000


@contextmanager
def holding(store: Store, statement: str, **parameters: object) -> Iterator[None]:
    """Keep a transaction open that has run the statement."""
    with store.write() as other:
        other.execute(text(statement), parameters)
        yield


def accept_in_time(store: Store, players: list[UUID]) -> tuple[IntakeOutcome, set[UUID]]:
    """Take one action of each player; return the outcome and the players who were taken."""
    actions = [make_action(user_id=player) for player in players]
    started = time.monotonic()
    outcome = accept(store, actions)
    assert time.monotonic() - started < PATIENCE_SECONDS
    taken = accepted_ids(outcome)
    assert outcome.locked == {action.action_id for action in actions} - taken
    assert outcome.unstorable == frozenset()
    return outcome, {action.user_id for action in actions if action.action_id in taken}


@pytest.mark.parametrize("strength", ["UPDATE", "NO KEY UPDATE", "SHARE"])
def test_a_locked_score_is_not_in_its_way(store: Store, strength: str) -> None:
    players = [uuid4(), uuid4()]
    accept(store, [make_action(user_id=player) for player in players])
    lock = f"SELECT 1 FROM user_scores WHERE user_id = :id FOR {strength}"
    with holding(store, lock, id=players[0]):
        assert accept_in_time(store, players)[1] == set(players)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_only_the_player_of_a_lock_is_not_taken(store: Store, count: int) -> None:
    # Players of different order locks, so that nobody shares the lock of another.
    players = [UUID(int=uuid4().int // ORDER_LOCKS * ORDER_LOCKS + n) for n in range(count)]
    accept(store, [make_action(user_id=player) for player in players])
    stuck = players[count // 2]
    with holding(store, LOCK, **{"class": ORDER_LOCK_CLASS, "bucket": stuck.int % ORDER_LOCKS}):
        _, taken = accept_in_time(store, players)
        assert taken == set(players) - {stuck}
    assert accept_in_time(store, [stuck])[1] == {stuck}


def test_an_id_that_another_transaction_is_taking_is_found_by_halving(store: Store) -> None:
    actions = [make_action() for _ in range(4)]
    insert = (
        "INSERT INTO action_ids (action_id, action_no, user_id, request_hash, created_at)"
        " VALUES (:id, 1000, :user, '', now())"
    )
    with holding(store, insert, id=actions[1].action_id, user=actions[1].user_id):
        outcome = accept(store, actions)
    assert outcome.locked == {actions[1].action_id}
    assert accepted_ids(outcome) == {action.action_id for action in actions} - outcome.locked
    assert len(fetch(store, f"SELECT 1 FROM {ALL_ACTIONS}")) == 3
