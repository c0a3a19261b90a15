"""Whether every acknowledged action was applied exactly once, asked of PostgreSQL in bulk.

The generator's ledger goes into a table of the bench's own schema and is joined with the
product's tables: each id alone, and each player's score as a sum.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions

DRAIN_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.05

_SCHEMA = """
CREATE SCHEMA bench;
CREATE UNLOGGED TABLE bench.sent (
    action_id uuid PRIMARY KEY, user_id uuid, score integer, status smallint
);
CREATE UNLOGGED TABLE bench.arriving (LIKE bench.sent);
"""
_UNFINISHED = "SELECT count(*) FROM action_batches WHERE stage NOT IN ('done', 'split')"
_BY_ID = """
SELECT count(*) FILTER (WHERE l.status IN (200, 202)),
       count(*) FILTER (WHERE l.status IN (200, 202) AND a.status = 'applied'),
       count(*) FILTER (WHERE l.status IN (200, 202) AND a.status IS DISTINCT FROM 'applied'),
       count(*) FILTER (WHERE l.status BETWEEN 400 AND 499 AND a.action_id IS NOT NULL),
       count(*) FILTER (WHERE (a.user_id, a.score_delta) IS DISTINCT FROM (l.user_id, l.score)
                              AND a.action_id IS NOT NULL),
       count(a.action_id) - count(DISTINCT l.action_id) FILTER (WHERE a.action_id IS NOT NULL),
       count(*) FILTER (WHERE l.status NOT IN (200, 202) AND l.status NOT BETWEEN 400 AND 499)
FROM bench.arriving l LEFT JOIN user_actions a USING (action_id)
"""
# Over all arms so far: what a score should be is the sum of the player's applied actions.
_BY_PLAYER = """
WITH expected AS (
    SELECT l.user_id, sum(l.score) AS score, count(*) AS actions
    FROM bench.sent l JOIN user_actions a USING (action_id)
    WHERE a.status = 'applied' GROUP BY l.user_id
)
SELECT count(*)
FROM expected e FULL JOIN user_scores s USING (user_id) LEFT JOIN user_stats t USING (user_id)
WHERE (coalesce(s.score, 0), coalesce(t.total_actions, 0))
    IS DISTINCT FROM (coalesce(e.score, 0), coalesce(e.actions, 0))
"""


@dataclass(frozen=True)
class Verdict:
    """What became of the actions of one arm."""

    acknowledged: int
    applied: int
    lost: int  # acknowledged, and not applied
    refused_but_kept: int  # answered 4xx, and there
    changed: int  # there, with another player or score
    doubled: int  # there twice
    unknown: int  # no answer or 5xx: either is right
    wrong_scores: int  # players whose score or count is not that of their applied actions

    @property
    def holds(self) -> bool:
        """Whether every acknowledged action was applied exactly once, and nothing else was."""
        faults = (self.lost, self.refused_but_kept, self.changed, self.doubled, self.wrong_scores)
        return not any(faults)


class Ledger:
    """The table of all that was sent so far."""

    def __init__(self, connection: psycopg2.extensions.connection):
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute(_SCHEMA)

    def wait_until_done(self) -> float | None:
        """Wait until no batch is on its way; return for how long, or None when that never came."""
        started = time.monotonic()
        while (waited := time.monotonic() - started) < DRAIN_SECONDS:
            if self._ask(_UNFINISHED)[0] == 0:
                return waited
            time.sleep(LOOK_EVERY_SECONDS)
        return None

    def judge(self, path: Path) -> Verdict:
        """Take in what an arm has sent and return what became of it."""
        with self._connection.cursor() as cursor, path.open() as file:
            cursor.execute("TRUNCATE bench.arriving")
            cursor.copy_expert("COPY bench.arriving FROM STDIN", file)
            cursor.execute("INSERT INTO bench.sent SELECT * FROM bench.arriving")
            cursor.execute("ANALYZE bench.arriving, bench.sent")
        acknowledged, applied, lost, kept, changed, doubled, unknown = self._ask(_BY_ID)
        return Verdict(
            acknowledged=acknowledged,
            applied=applied,
            lost=lost,
            refused_but_kept=kept,
            changed=changed,
            doubled=doubled,
            unknown=unknown,
            wrong_scores=self._ask(_BY_PLAYER)[0],
        )

    def _ask(self, query: str) -> tuple[int, ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone() or ()


@contextmanager
def open_ledger(database_url: str) -> Iterator[Ledger]:
    """Make the ledger's tables; they go with the stack's home."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        yield Ledger(connection)
    finally:
        connection.close()
