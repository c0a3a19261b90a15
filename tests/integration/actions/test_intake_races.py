"""Concurrent intakes, and intakes whose connection fails: the outcome is one, and it is true."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from domain.actions import intake
from domain.actions.chain import SCREEN
from domain.actions.intake import IntakeOutcome
from domain.actions.scoring import score_batch
from domain.errors import DatabaseUnavailableError
from domain.store.postgres.accounts.players import ensure_players
from domain.store.postgres.actions.intake import insert_actions, lock_order_and_list_newcomers
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.intakes import ALL_ACTIONS, accept, accepted_ids, fetch
from tests.waiting import run_in_threads, wait_until
from workers.chain import run_link
from workers.context import WorkerContext


class LostAnswerStore(Store):
    """Commits its first transaction, and then raises as if that had failed."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            yield connection
        if "lost" not in self.__dict__:
            self.__dict__["lost"] = True
            raise DatabaseUnavailableError


def test_newcomers_raced_by_many_intakes_exist_once(store: Store) -> None:
    newcomers = [uuid4() for _ in range(5)]

    def play() -> None:
        accept(store, [make_action(user_id=user, username="same") for user in newcomers])

    run_in_threads(play, count=8)
    assert len(fetch(store, "SELECT 1 FROM users")) == 5
    assert len(fetch(store, "SELECT 1 FROM user_scores")) == 5
    assert len(fetch(store, f"SELECT 1 FROM {ALL_ACTIONS}")) == 40


def test_fifty_twins_at_once_leave_one_action(store: Store) -> None:
    twin = make_action()
    outcomes: list[IntakeOutcome] = []

    def send() -> None:
        outcomes.append(accept(store, [make_action(), twin]))

    run_in_threads(send, count=50)
    assert sum(twin.action_id in accepted_ids(outcome) for outcome in outcomes) == 1
    assert len(fetch(store, f"SELECT 1 FROM {ALL_ACTIONS}")) == 51
    assert len(fetch(store, "SELECT 1 FROM action_ids")) == 51


def test_a_player_s_numbers_become_visible_in_their_order(store: Store) -> None:
    player = make_player(store)
    early = make_action(user_id=player.user_id)
    with store.engine.connect() as connection:
        lock_order_and_list_newcomers(connection, user_ids=[player.user_id])
        insert_actions(connection, batch_id=uuid4(), reply_to=None, actions=[early])
        late = make_action(user_id=player.user_id)
        thread = threading.Thread(target=accept, args=(store, [late]), daemon=True)
        thread.start()
        wait_until(lambda: is_lock_awaited(store, "advisory"))
        stranger = make_action(user_id=UUID(int=player.user_id.int ^ 1))
        assert accepted_ids(accept(store, [stranger])) == {stranger.action_id}
        assert is_lock_awaited(store, "advisory")
        connection.commit()
    thread.join(timeout=10)
    rows = fetch(
        store,
        f"SELECT action_id, created_at FROM {ALL_ACTIONS} WHERE user_id = :user ORDER BY action_no",
        user=player.user_id,
    )
    assert [row.action_id for row in rows] == [early.action_id, late.action_id]
    assert rows[0].created_at < rows[1].created_at


def test_intakes_of_the_same_players_in_any_order_do_not_deadlock(store: Store) -> None:
    players = [make_player(store).user_id for _ in range(70)]
    order = iter([players, players[::-1], players[35:] + players[:35], players[::-7]] * 4)

    def play() -> None:
        accept(store, [make_action(user_id=user) for user in next(order)])

    run_in_threads(play, count=12)
    assert len(fetch(store, "SELECT 1 FROM action_batches")) == 12


def test_a_commit_that_was_reported_as_failed_is_found(store: Store) -> None:
    lossy = LostAnswerStore(store.engine, store.redis)
    actions = [make_action(), make_action()]
    outcome = accept(lossy, actions)
    assert accepted_ids(outcome) == {action.action_id for action in actions}
    assert len(fetch(store, "SELECT 1 FROM action_batches")) == 1


def test_an_intake_that_did_not_happen_leaves_the_ids_free(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailableError

    actions = [make_action()]
    with monkeypatch.context() as patch:
        patch.setattr(intake, "lock_order_and_list_newcomers", fail)
        with pytest.raises(DatabaseUnavailableError):
            accept(store, actions)
    assert fetch(store, "SELECT 1 FROM action_ids") == []
    assert accepted_ids(accept(store, actions)) == {actions[0].action_id}


def test_an_intake_that_lost_a_deadlock_is_done_again(store: Store) -> None:
    low, high = sorted([uuid4(), uuid4()])
    actions = [
        make_action(user_id=low, username="crossing-a"),
        make_action(user_id=high, username="crossing-b"),
    ]
    outcomes: list[IntakeOutcome] = []
    with store.engine.connect() as other:
        # The other waits longer, so that intake is the one that PostgreSQL ends.
        other.execute(text("SET LOCAL deadlock_timeout = '30s'"))
        ensure_players(other, claimed_names={uuid4(): "crossing-b"})
        thread = threading.Thread(target=lambda: outcomes.append(accept(store, actions)))
        thread.start()
        wait_until(lambda: is_lock_awaited(store, "transactionid"))
        ensure_players(other, claimed_names={uuid4(): "crossing-a"})
        other.commit()
    thread.join(timeout=20)
    assert accepted_ids(outcomes[0]) == {action.action_id for action in actions}
    names = fetch(
        store,
        "SELECT username FROM users WHERE user_id IN (:low, :high) ORDER BY username",
        low=low,
        high=high,
    )
    assert [row.username for row in names] == [
        f"crossing-a-{low.hex[:12]}",
        f"crossing-b-{high.hex[:12]}",
    ]


def test_a_missing_partition_delays_actions_and_fails_none(worker_context: WorkerContext) -> None:
    store = worker_context.store
    actions = [make_action(), make_action()]
    names = [
        row.name
        for row in fetch(
            store,
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
            " WHERE inhparent = 'user_actions'::regclass",
        )
    ]
    with store.engine.connect() as connection:
        for name in names:
            connection.execute(text(f"ALTER TABLE user_actions DETACH PARTITION {name}"))
        broken = borrowed(store, connection)
        (batch,) = accept(broken, actions).batches
        run_link(replace(worker_context, store=broken), link=SCREEN, batch_id=batch.batch_id)
        with pytest.raises(DatabaseUnavailableError):
            score_batch(broken, batch_id=batch.batch_id)
        connection.rollback()
    assert accepted_ids(accept(store, actions)) == {action.action_id for action in actions}


class BorrowingStore(Store):
    """A store of which intake's transactions are like all others."""

    intake = Store.write


def borrowed(store: Store, connection: Connection) -> Store:
    """Return a store whose transactions are parts of the one that is open on the connection."""

    @contextmanager
    def begin() -> Iterator[Connection]:
        with connection.begin_nested():
            yield connection

    return BorrowingStore(cast(Engine, SimpleNamespace(begin=begin)), store.redis)


def is_lock_awaited(store: Store, kind: str) -> bool:
    return bool(
        fetch(
            store,
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND locktype = :kind AND datname = current_database()",
            kind=kind,
        )
    )
