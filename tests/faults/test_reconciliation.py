"""The reconciliation must detect each way in which an action can go wrong."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg2
import psycopg2.extensions
import pytest
from sqlalchemy import text

import faults.reconciliation
from domain.actions.model import Status
from domain.store.store import Store
from faults.client import Sent
from faults.reconciliation import SentLog, Verdict
from rig.players import Player as Sender
from tests.conftest import Stores
from tests.factories import Player, make_player, make_stored_action
from tests.rig.server import serving

CLOSED_PORT = 1
DUPLICATE = b'{"error":{"code":"DUPLICATE_ACTION"}}'


@pytest.fixture
def connection(store: Store, stores: Stores) -> Iterator[psycopg2.extensions.connection]:
    opened = psycopg2.connect(stores.database_url)
    opened.autocommit = True
    yield opened
    opened.close()


@pytest.fixture
def player(store: Store) -> Player:
    return make_player(store)


def apply(store: Store, player: Player, *, after_seconds: float = 1.0) -> str:
    """Store an applied action and count it once, as the pipeline does."""
    now = datetime.now(UTC)
    done_at = now + timedelta(seconds=after_seconds)
    action_id = make_stored_action(store, player, at=now, completed_at=done_at)
    with store.write() as transaction:
        transaction.execute(
            text("UPDATE user_scores SET total_actions = total_actions + 1 WHERE user_id = :id"),
            {"id": player.user_id},
        )
    return str(action_id)


def sent(player: Player, action_id: str, status: int, score: int = 100) -> Sent:
    return Sent("action", action_id, str(player.user_id), score, status, time.time(), 0.1)


def judge(
    connection: psycopg2.extensions.connection,
    player: Player,
    *actions: Sent,
    port: int = CLOSED_PORT,
    failing_score: int | None = None,
) -> Verdict:
    sent_log = SentLog(port, [Sender(str(player.user_id), "token")])
    return sent_log.judge(
        list(actions),
        connection,
        healed_at=time.time() - 60,
        final_seconds=15,
        failing_score=failing_score,
    )


def test_an_applied_action_holds(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    verdict = judge(connection, player, sent(player, apply(store, player), 200))
    assert verdict == Verdict(sent=1, acknowledged=1)


def test_an_acknowledged_action_without_a_row_is_lost(
    connection: psycopg2.extensions.connection, player: Player
) -> None:
    verdict = judge(connection, player, sent(player, str(uuid4()), 202))
    assert (verdict.lost, len(verdict.faults)) == (1, 1)


def test_an_acknowledged_action_that_never_ends_is_lost(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    pending = make_stored_action(store, player, at=datetime.now(UTC), status=Status.PENDING)
    assert judge(connection, player, sent(player, str(pending), 202)).lost == 1


def test_a_score_that_was_added_twice_is_doubled(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    action_id = apply(store, player)
    with store.write() as transaction:
        transaction.execute(text("UPDATE user_scores SET score = score * 2"))
    verdict = judge(connection, player, sent(player, action_id, 200))
    assert (verdict.doubled, len(verdict.faults)) == (1, 1)


def test_an_action_that_was_not_sent_is_reported(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    apply(store, player)
    assert judge(connection, player).faults


def test_a_refused_action_that_is_stored_is_reported(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    verdict = judge(connection, player, sent(player, apply(store, player), 429))
    assert any("but it is stored" in fault for fault in verdict.faults)


def test_an_action_that_took_too_long_is_late(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    late = apply(store, player, after_seconds=16)
    assert judge(connection, player, sent(player, late, 202)).late == 1


def test_a_poisoned_action_must_have_failed(
    connection: psycopg2.extensions.connection, store: Store, player: Player
) -> None:
    now = datetime.now(UTC)
    failed = make_stored_action(store, player, at=now, completed_at=now, status=Status.FAILED)
    poisoned = sent(player, str(failed), 202)
    assert judge(connection, player, poisoned, failing_score=100).faults == []
    assert judge(connection, player, poisoned).lost == 1


def test_an_action_with_an_unknown_outcome_is_sent_again(
    connection: psycopg2.extensions.connection,
    store: Store,
    player: Player,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults.reconciliation, "RETRY_SECONDS", 0.01)
    answers = [
        b"HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 409 Conflict\r\ncontent-length: %d\r\n\r\n%b" % (len(DUPLICATE), DUPLICATE),
    ]
    with serving(lambda number: answers[number]) as port:
        unknown = sent(player, apply(store, player), 0)
        verdict = judge(connection, player, unknown, port=port)
    assert verdict == Verdict(sent=1, acknowledged=1, unknown=1)


def test_an_action_that_is_accepted_at_last_must_be_stored(
    connection: psycopg2.extensions.connection, player: Player
) -> None:
    with serving(lambda _: b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as port:
        verdict = judge(connection, player, sent(player, str(uuid4()), 503), port=port)
    assert (verdict.unknown, verdict.lost) == (1, 1)
