"""Processes fail while players play; no acknowledged action is lost, all invariants hold."""

import signal
import time
from collections.abc import Iterator

import psycopg2
import pytest
from redis import Redis

from tests.e2e.load import Load, SentLog
from tests.e2e.stack import Stack
from tests.intakes import ALL_ACTIONS
from tests.local.project import wait_for

FINAL_SECONDS = 15.0
HEAL_SECONDS = 30.0
PLAYERS_OF_A_TEST = 25
# The default, which these processes run with.
RESULT_WAIT_SECONDS = 2.0


@pytest.fixture(scope="module")
def players(stack: Stack) -> Iterator[dict[str, str]]:
    """New players."""
    return iter(stack.issue_tokens(4 * PLAYERS_OF_A_TEST))


@pytest.fixture
def load(stack: Stack, players: Iterator[dict[str, str]]) -> Load:
    """A load by players of this test only."""
    return Load(stack, [next(players) for _ in range(PLAYERS_OF_A_TEST)])


def test_worker_and_keeper_killed(stack: Stack, load: Load) -> None:
    with load:
        load.wait_for(15)
        for name in ("worker.1", "keeper", "worker.2"):
            stack.kill(name)
            load.wait_for(10)
    assert set(load.sent_log.answers) <= {"200", "202 pending"}
    check_nothing_is_lost(stack, load.sent_log)


def test_redis_flushed_and_killed(stack: Stack, load: Load) -> None:
    with load, Redis.from_url(stack.store_urls()[1]) as redis:
        load.wait_for(15)
        redis.flushall()
        load.wait_for(10)
        stack.kill("valkey")
        load.wait_for(15)
    assert set(load.sent_log.answers) <= {"200", "202 pending"}, (
        "every action is accepted during the outage"
    )
    check_nothing_is_lost(stack, load.sent_log)


def test_redis_stalled(stack: Stack, load: Load) -> None:
    with load:
        load.wait_for(15)
        with stack.stalled("valkey"):
            load.wait_for(15)
        load.wait_for(15)
    assert set(load.sent_log.answers) <= {"200", "202 pending"}, (
        "every action is accepted during the outage"
    )
    assert load.sent_log.slowest_seconds < RESULT_WAIT_SECONDS * 0.75, (
        "no request waits for its time-out"
    )
    check_nothing_is_lost(stack, load.sent_log)


def test_postgresql_stopped_at_once(stack: Stack, load: Load) -> None:
    with load:
        load.wait_for(15)
        stack.kill("postgres", signal.SIGQUIT)
        load.wait_for(15)
    check_nothing_is_lost(stack, load.sent_log)


def check_nothing_is_lost(stack: Stack, sent_log: SentLog) -> None:
    """Wait until the system is healthy; then every acknowledged action has one effect."""
    wait_for(lambda: is_healthy(stack), "health to be ok", stack.explain, HEAL_SECONDS)
    healed_at = time.monotonic()
    assert sent_log.unresolved == []
    wait_for(
        lambda: count_pending(stack, sent_log) == 0, "all to be final", stack.explain, FINAL_SECONDS
    )
    assert time.monotonic() - healed_at <= FINAL_SECONDS
    assert scores_of(stack, sent_log) == sent_log.expected_scores()
    verified = stack.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "BROKEN" not in verified.stdout


def is_healthy(stack: Stack) -> bool:
    """Return whether `/health` reports every part as healthy."""
    with stack.api() as client:
        return bool(client.get("/health").body["status"] == "ok")


def count_pending(stack: Stack, sent_log: SentLog) -> int:
    """Return how many acknowledged actions are pending; fail when one is missing."""
    statuses = query(
        stack,
        f"SELECT status FROM {ALL_ACTIONS} WHERE action_id = ANY(%s::uuid[])",
        list(sent_log.acknowledged),
    )
    assert len(statuses) == len(sent_log.acknowledged), "an acknowledged action has no row"
    assert set(statuses) <= {("pending",), ("applied",)}
    return statuses.count(("pending",))


def scores_of(stack: Stack, sent_log: SentLog) -> dict[str, int]:
    """Return the scores of the players with acknowledged actions."""
    rows = query(
        stack,
        "SELECT user_id::text, score FROM user_scores WHERE user_id = ANY(%s::uuid[])",
        list(sent_log.expected_scores()),
    )
    return dict(rows)


def query(stack: Stack, statement: str, ids: list[str]) -> list[tuple[str, int] | tuple[str]]:
    """Return the rows, on a new connection, because PostgreSQL has been restarted."""
    connection = psycopg2.connect(stack.store_urls()[0], connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, (ids,))
            return cursor.fetchall()
    finally:
        connection.close()
