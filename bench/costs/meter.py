"""Reads the counts of a stack's stores; what an arm cost is the difference of two readings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psycopg2.extensions
import redis

from bench.costs.statistics import SCHEMA, connect_superuser
from bench.costs.valkey import commands_between, read_commands
from bench.costs.wal import count_writes
from rig.stack import Stack

# A commit that waits for the disk writes out what commits before it did not wait for.
_POSITION = "SELECT pg_logical_emit_message(true, 'bench', '', true)"
_STATEMENTS = f"""
SELECT coalesce(sum(calls), 0)::bigint,
       coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint
FROM {SCHEMA}.pg_stat_statements
WHERE toplevel AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_RECORDS = f"""
SELECT "resource_manager/record_type", count FROM {SCHEMA}.pg_get_wal_stats(%s, %s, true)
WHERE count > 0
"""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What was done in the stores between two readings."""

    wal_bytes: int
    heap_tuples: int
    index_entries: int
    row_locks: int
    blocks: int
    statements: int
    commits: int
    redis_commands: int
    messages: int

    def per(self, done: int) -> dict[str, float]:
        """Return each count per action, in the order of the fields; empty when none was done."""
        if not done:
            return {}
        return {name: round(count / done, 3) for name, count in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The counts of a moment."""

    position: str  # in the write-ahead log
    statements: int
    blocks: int
    commands: dict[str, int]


class Meter:
    """Reads the counts of one stack, with connections that are not counted."""

    def __init__(self, connection: psycopg2.extensions.connection, client: redis.Redis):
        self._connection = connection
        self._client = client

    def read(self) -> Reading:
        """Return the counts of now."""
        with self._connection.cursor() as cursor:
            cursor.execute(_POSITION)
            cursor.execute("SELECT pg_current_wal_lsn()::text")
            (position,) = cursor.fetchone() or ("",)
            cursor.execute(_STATEMENTS)
            statements, blocks = cursor.fetchone() or (0, 0)
        return Reading(
            position=position,
            statements=statements,
            blocks=blocks,
            commands=read_commands(self._client),
        )

    def costs_since(self, before: Reading) -> Costs:
        """Return what was done since a reading."""
        after = self.read()
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT %s::pg_lsn - %s::pg_lsn", (after.position, before.position))
            (wal_bytes,) = cursor.fetchone() or (0,)
            cursor.execute(_RECORDS, (before.position, after.position))
            writes = count_writes(dict(cursor.fetchall()))
        commands, messages = commands_between(before.commands, after.commands)
        return Costs(
            wal_bytes=int(wal_bytes),
            heap_tuples=writes.heap_tuples,
            index_entries=writes.index_entries,
            row_locks=writes.row_locks,
            blocks=after.blocks - before.blocks,
            statements=after.statements - before.statements,
            commits=writes.commits,
            redis_commands=commands,
            messages=messages,
        )


@contextmanager
def open_meter(stack: Stack) -> Iterator[Meter]:
    """Open the meter of a stack whose statistics are prepared."""
    connection = connect_superuser(stack)
    client = redis.Redis.from_url(stack.env["REDIS_URL"])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET pg_stat_statements.track = 'none'")
        yield Meter(connection, client)
    finally:
        connection.close()
        client.close()
