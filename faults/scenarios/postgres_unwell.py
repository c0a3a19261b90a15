"""PostgreSQL up and unwell: read-only, without tables, with a lock or a stopped backend.

Also what it holds without an outage: rows of a newer version, and looks set by a wrong clock.
"""

import http.client
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
import psycopg2.extensions

from domain.store.postgres.actions.intake import ORDER_LOCK_CLASS
from faults.answers import find_bad_answers, find_slow_or_failed, p99
from faults.client import Sent
from faults.scenario import Injection, Scenario
from local.ports import LOOPBACK

NOTICED_SECONDS = 3.0
TABLES_AWAY_SECONDS = 5.0
# COMMIT_WAIT_SECONDS, and one more for what was sent just before a connection was abandoned.
ABANDONED_SECONDS = 4.5
OTHERS_P99_SECONDS = 2.0
ANSWERED_SECONDS = 1.0
STOP_TRIES = 200
CLOCK_SECONDS = 120


@contextmanager
def _session(url: str) -> Iterator[psycopg2.extensions.cursor]:
    """Open a session that may write even where new ones may not."""
    connection = psycopg2.connect(url, options="-c default_transaction_read_only=off")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _role(injection: Injection) -> str:
    connection = injection.stores.connect()
    try:
        return str(connection.info.user)
    finally:
        connection.close()


def make_read_only(injection: Injection) -> None:
    """Make all new sessions of the product read-only, and end the old ones, as a failover does.

    The sessions that were opened meanwhile stay read-only afterwards.
    """
    role = _role(injection)
    with _session(injection.stores.superuser_url) as cursor:
        cursor.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on")
        try:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,)
            )
            if not _becomes_unready(injection):
                injection.problems.append("/health/ready did not answer 503")
            while injection.lasts(0.5):
                pass
        finally:
            cursor.execute(f"ALTER ROLE {role} RESET default_transaction_read_only")


def _becomes_unready(injection: Injection) -> bool:
    deadline = time.monotonic() + NOTICED_SECONDS
    while time.monotonic() < deadline:
        if _ask_ready(injection) == 503:
            return True
        time.sleep(0.2)
    return False


def _ask_ready(injection: Injection) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, injection.system.stack.port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health/ready")
        return connection.getresponse().status
    return 0


def take_tables_away(injection: Injection) -> None:
    """Take every table away for some seconds, as a restore does while the product is up."""
    connection = injection.stores.connect()
    superuser = injection.stores.superuser_url.rpartition("/")[0]
    try:
        database = connection.info.dbname
    finally:
        connection.close()
    with _session(f"{superuser}/{database}") as cursor:
        cursor.execute("ALTER SCHEMA public RENAME TO away")
        try:
            injection.lasts(TABLES_AWAY_SECONDS)
        finally:
            cursor.execute("ALTER SCHEMA away RENAME TO public")


def find_not_refused(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return answers other than 200, 202 and 503, and the absence of any 503."""
    return find_bad_answers(injection, sent, wanted=503)


def lock_player(injection: Injection) -> None:
    """Hold the row of one player's score, as somebody's open transaction does."""
    connection = injection.stores.connect()
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT user_id FROM user_scores WHERE user_id = %s FOR UPDATE",
                (_locked_player(injection),),
            )
            if cursor.fetchone() is None:
                injection.problems.append("the player has no score: the fault had no effect")
            while injection.lasts(1.0):
                pass
    finally:
        connection.close()


def _locked_player(injection: Injection) -> str:
    return injection.players[0].user_id


def find_delays_of_others(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return how players other than the locked one were refused or delayed."""
    locked = _locked_player(injection)
    during = [one for one in injection.during(sent) if one.kind == "action"]
    others = [one for one in during if one.user_id != locked]
    bad = Counter(one.status for one in others if one.status not in (200, 202))
    problems = [f"other players were answered {dict(bad)}"] if bad else []
    if p99(others) > OTHERS_P99_SECONDS:
        problems.append(f"p99 of other players was {p99(others):.2f} s")
    if {one.status for one in during if one.user_id == locked} - {200, 202, 503}:
        problems.append("the locked player was answered something else than 200, 202 and 503")
    return problems


def stop_backend(injection: Injection) -> None:
    """Stop the process of PostgreSQL that serves one API process's intake, between transactions."""
    with _session(injection.stores.superuser_url) as cursor:
        pid = _stop_idle_backend(cursor)
        if pid is None:
            injection.problems.append("no backend of intake was found: the fault had no effect")
            return
        try:
            while injection.lasts(0.5):
                pass
        finally:
            os.kill(pid, signal.SIGCONT)


def _stop_idle_backend(cursor: psycopg2.extensions.cursor) -> int | None:
    """Stop a backend that has held an order lock and holds no lock now; return its id."""
    for _ in range(STOP_TRIES):
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s LIMIT 1",
            (ORDER_LOCK_CLASS,),
        )
        row = cursor.fetchone()
        if row is None:
            time.sleep(0.005)
            continue
        time.sleep(0.05)
        os.kill(row[0], signal.SIGSTOP)
        cursor.execute("SELECT 1 FROM pg_locks WHERE pid = %s", row)
        if cursor.fetchone() is None:
            return int(row[0])
        os.kill(row[0], signal.SIGCONT)
    return None


def find_lasting_refusals(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return refusals after the time in which the connection must have been abandoned."""
    late = injection.during(sent, after_seconds=ABANDONED_SECONDS)
    bad = Counter(one.status for one in late if one.status not in (200, 202))
    problems = [] if late else ["the fault was too short: give --seconds 30"]
    if bad:
        problems.append(f"{ABANDONED_SECONDS:g} s later requests were answered {dict(bad)}")
    return problems


def add_newer_stage(injection: Injection) -> None:
    """Keep a batch at a stage that a newer version may have, and empty the queues.

    Only the keeper finishes what the queues have lost.
    """
    connection = injection.stores.connect()
    try:
        with connection.cursor() as cursor, injection.stores.redis() as redis:
            cursor.execute(
                "INSERT INTO action_batches (batch_id, stage, next_look_at, created_at, updated_at,"
                " action_nos, action_ids, user_ids, scores, timestamps_us, action_types, metadata,"
                " request_ids) VALUES (gen_random_uuid(), 'enriched', now() - interval '1 h',"
                " now(), now(), '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
            )
            while injection.lasts(1.0):
                redis.flushall()
            cursor.execute("DELETE FROM action_batches WHERE stage = 'enriched'")
    finally:
        connection.close()


def set_looks_ahead(injection: Injection) -> None:
    """Move all looks two minutes ahead, as a clock that is put back does; empty the queues."""
    connection = injection.stores.connect()
    moved = 0
    try:
        with connection.cursor() as cursor, injection.stores.redis() as redis:
            while injection.lasts(0.5):
                redis.flushall()
                cursor.execute(
                    "UPDATE action_batches SET next_look_at = next_look_at"
                    " + make_interval(secs => %s) WHERE stage NOT IN ('done', 'split')"
                    " AND next_look_at < now() + interval '1 minute'",
                    (CLOCK_SECONDS,),
                )
                moved += cursor.rowcount
    finally:
        connection.close()
    if not moved:
        injection.problems.append("no batch was waiting: the fault had no effect")


def find_effects(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return failed requests; slow ones are those whose messages were lost."""
    return find_slow_or_failed(injection, sent, p99_seconds=OTHERS_P99_SECONDS + ANSWERED_SECONDS)


SCENARIOS = (
    Scenario(name="postgres-read-only", inject=make_read_only, find_problems=find_not_refused),
    Scenario(name="tables-away", inject=take_tables_away, find_problems=find_not_refused),
    Scenario(name="player-locked", inject=lock_player, find_problems=find_delays_of_others),
    Scenario(
        name="postgres-backend-stopped",
        inject=stop_backend,
        find_problems=find_lasting_refusals,
        # A third of a run is over before the connection is given up.
        whole_run=True,
    ),
    Scenario(name="stage-of-newer-version", inject=add_newer_stage, find_problems=find_effects),
    Scenario(name="postgres-clock-back", inject=set_looks_ahead, find_problems=find_effects),
)
