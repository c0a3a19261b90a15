"""One look at a stack under load: memory, descriptors and threads by kind, tables, Valkey."""

import time
from dataclasses import dataclass
from typing import Any

import psycopg2.extensions
import redis

from rig.processes import descriptors, memory_bytes, threads
from rig.stack import Stack

MEGABYTE = 1_000_000
_TABLES = """
SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint,
       coalesce(sum(n_dead_tup), 0)::bigint, coalesce(sum(n_live_tup), 0)::bigint
FROM pg_stat_user_tables WHERE schemaname = 'public'
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a stack uses at a moment, `at` in seconds since the load began."""

    at: float
    # Proportional set size by kind of process, without shared memory: PostgreSQL's buffers fill.
    memory_mb: dict[str, float]
    descriptors: dict[str, int]
    threads: dict[str, int]
    tables_mb: float
    dead_tuples: int
    live_tuples: int
    valkey_mb: float  # what its data takes

    @property
    def dead_percent(self) -> float:
        """Return how many of the tables' tuples are dead, in percent."""
        return round(100 * self.dead_tuples / max(self.dead_tuples + self.live_tuples, 1), 1)


class Sampler:
    """Takes samples of one stack."""

    def __init__(
        self, stack: Stack, connection: psycopg2.extensions.connection, client: redis.Redis
    ):
        self._stack = stack
        self._connection = connection
        self._client = client
        self._started = time.monotonic()

    def sample(self) -> Sample:
        """Return what the stack uses now."""
        roots = self._stack.process_kinds()
        with self._connection.cursor() as cursor:
            cursor.execute(_TABLES)
            table_bytes, dead_tuples, live_tuples = cursor.fetchone() or (0, 0, 0)
        private = memory_bytes(roots, of_segments=False)
        memory: Any = self._client.info("memory")
        return Sample(
            at=round(time.monotonic() - self._started, 1),
            memory_mb={kind: round(size / MEGABYTE, 1) for kind, size in private.items()},
            descriptors=descriptors(roots),
            threads=threads(roots),
            tables_mb=round(table_bytes / MEGABYTE, 2),
            dead_tuples=dead_tuples,
            live_tuples=live_tuples,
            valkey_mb=round(memory["used_memory"] / MEGABYTE, 2),
        )
