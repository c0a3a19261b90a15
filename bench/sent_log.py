"""Checks that every acknowledged action was applied exactly once, with joins in PostgreSQL.

The generator's sent log is copied into a table and joined with the tables of the product: by
action id, and by player for the sums of scores. (`faults.reconciliation` keeps its sent log in
memory instead, because there PostgreSQL is killed.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions

from rig.draining import is_drained, wait_until

DRAIN_SECONDS = 120.0

_SCHEMA = """
CREATE SCHEMA bench;
CREATE UNLOGGED TABLE bench.sent (
    action_id uuid PRIMARY KEY, user_id uuid, score integer, status smallint
);
CREATE UNLOGGED TABLE bench.arm (LIKE bench.sent);
"""
_BY_ID = """
SELECT count(*) FILTER (WHERE l.status IN (200, 202)),
       count(*) FILTER (WHERE l.status IN (200, 202) AND a.status = 'applied'),
       count(*) FILTER (WHERE l.status IN (200, 202) AND a.status IS DISTINCT FROM 'applied'),
       count(*) FILTER (WHERE l.status BETWEEN 400 AND 499 AND a.action_id IS NOT NULL),
       count(*) FILTER (WHERE (a.user_id, a.score_delta) IS DISTINCT FROM (l.user_id, l.score)
                              AND a.action_id IS NOT NULL),
       count(a.action_id) - count(DISTINCT l.action_id) FILTER (WHERE a.action_id IS NOT NULL),
       count(*) FILTER (WHERE l.status NOT IN (200, 202) AND l.status NOT BETWEEN 400 AND 499)
FROM bench.arm l LEFT JOIN user_actions a USING (action_id)
"""
# Over all arms so far: a score must be the sum of the player's applied actions, archived included.
_BY_PLAYER = """
WITH expected AS (
    SELECT l.user_id, sum(l.score) AS score, count(*) AS actions
    FROM bench.sent l JOIN user_actions a USING (action_id)
    WHERE a.status = 'applied' GROUP BY l.user_id
)
SELECT count(*)
FROM expected e FULL JOIN user_scores s USING (user_id) LEFT JOIN user_stats t USING (user_id)
LEFT JOIN archived_totals a USING (user_id)
WHERE (coalesce(s.score, 0), coalesce(t.total_actions, 0)) IS DISTINCT FROM
    (coalesce(e.score, 0) + coalesce(a.applied_score, 0),
     coalesce(e.actions, 0) + coalesce(a.applied_actions, 0))
"""


@dataclass(frozen=True)
class Verdict:
    """What became of the actions of one arm."""

    acknowledged: int
    applied: int
    lost: int  # acknowledged but not applied
    refused_but_kept: int  # answered 4xx but stored
    changed: int  # stored with another player or score
    doubled: int  # stored twice
    unknown: int  # no answer or 5xx: both outcomes are correct
    wrong_scores: int  # players whose score or count differs from their applied actions

    @property
    def holds(self) -> bool:
        """Return whether every acknowledged action was applied exactly once, and no other was."""
        faults = (self.lost, self.refused_but_kept, self.changed, self.doubled, self.wrong_scores)
        return not any(faults)


class SentLog:
    """The table of all actions that were sent so far."""

    def __init__(self, connection: psycopg2.extensions.connection):
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute(_SCHEMA)

    def wait_until_drained(self) -> float | None:
        """Wait until every batch is finished; return the seconds, or None after DRAIN_SECONDS."""
        return wait_until(lambda: is_drained(self._connection), timeout_seconds=DRAIN_SECONDS)

    def judge(self, path: Path) -> Verdict:
        """Add the sent log of an arm, a file, and return what became of its actions."""
        with self._connection.cursor() as cursor, path.open() as file:
            cursor.execute("TRUNCATE bench.arm")
            cursor.copy_expert("COPY bench.arm FROM STDIN", file)
            cursor.execute("INSERT INTO bench.sent SELECT * FROM bench.arm")
            cursor.execute("ANALYZE bench.arm, bench.sent")
        acknowledged, applied, lost, kept, changed, doubled, unknown = self._query(_BY_ID)
        return Verdict(
            acknowledged=acknowledged,
            applied=applied,
            lost=lost,
            refused_but_kept=kept,
            changed=changed,
            doubled=doubled,
            unknown=unknown,
            wrong_scores=self._query(_BY_PLAYER)[0],
        )

    def _query(self, query: str) -> tuple[int, ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone() or ()


@contextmanager
def open_sent_log(database_url: str) -> Iterator[SentLog]:
    """Create the tables of the sent log; they are removed with the stack's home."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        yield SentLog(connection)
    finally:
        connection.close()
