"""SQL of seals: which rankings are due, the beginning of a revision, and its seal.

Called by `domain/rankings/closing/closing.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from domain.errors import TransientError
from domain.rankings.closing.sealing import Digest
from domain.rankings.definition import BoardDefinition
from domain.store.postgres.advisory_locks import AdvisoryLock, take_lock
from domain.store.postgres.rankings.catalog import (
    lock_catalog,
    raise_revision,
    read_definition,
)
from domain.store.postgres.stages import BATCH_IS_PENDING, BATCH_TAKES_BACK
from domain.store.postgres.statements import sql
from domain.store.postgres.tables import IS_UNSEALED

logger = structlog.get_logger(__name__)

# A statement of intake takes its time before it has a transaction number that others can see.
GRACE_SECONDS = 2.0
# By then intake's connection was given up: what it commits yet is a late decision.
INTAKE_PATIENCE_SECONDS = 60.0
# Shorter than the wait of an operator: this is tried again a second later.
BEGIN_LOCK_TIMEOUT_MS = 300
# Between two revisions of a ranking: a review of a hundred held actions makes one.
REVISION_PAUSE_SECONDS = 60.0
MOST_AT_ONCE = 100
# Some ten seconds after the decision.
LOOKS_AT_DECISION = 3


@dataclass(frozen=True, slots=True)
class BegunRanking:
    """A closed ranking whose `revision` has begun and has no seal yet; of which board it is."""

    ranking_no: int
    revision: int
    board: str
    version_no: int
    version: int
    period_key: str
    period_start: datetime
    period_end: datetime
    segment: str
    definition: BoardDefinition


# Nothing that was accepted in the period may count yet: no batch is unscored, and no transaction
# that writes is older than its end, because it may be intake's. A decision that cannot be done, for
# an archive that is missing, holds up nothing: done later, it makes a further revision.
_IS_COMPLETE = f"""
NOT EXISTS (SELECT 1 FROM action_batches b WHERE {BATCH_IS_PENDING} AND b.created_at < r.period_end
    AND NOT ({BATCH_TAKES_BACK} AND b.looks >= {LOOKS_AT_DECISION}))
AND (r.period_end <= clock_timestamp() - make_interval(secs => :patience)
    OR NOT EXISTS (SELECT 1 FROM pg_stat_activity s WHERE s.datname = current_database()
        AND s.pid <> pg_backend_pid() AND s.backend_xid IS NOT NULL
        AND s.xact_start < r.period_end))
"""
# Not EXISTS: that would be a look-up for each ranking of versions that are built or retired.
_IS_LIVE = "r.version_no IN (SELECT o.live_version_no FROM boards o WHERE o.state = 'active')"
_UNSEALED = f"""
SELECT ranking_no, revision > 0 AS has_begun FROM rankings r
WHERE {IS_UNSEALED} AND period_end <= clock_timestamp() - make_interval(secs => :grace)
    AND (revision > 0 OR ({_IS_LIVE} AND {_IS_COMPLETE}))
    AND ranking_no <> ALL(CAST(:resting AS bigint[]))
ORDER BY period_end, ranking_no LIMIT :limit
"""
# A step from one ranking with kept rows to the next: there are few of them, and many rankings.
_CHANGED = f"""
WITH RECURSIVE changed (ranking_no) AS (
    (SELECT ranking_no FROM ranking_row_revisions ORDER BY ranking_no LIMIT 1)
    UNION ALL
    SELECT (SELECT k.ranking_no FROM ranking_row_revisions k
        WHERE k.ranking_no > c.ranking_no ORDER BY k.ranking_no LIMIT 1)
    FROM changed c WHERE c.ranking_no IS NOT NULL
)
SELECT r.ranking_no FROM changed c JOIN rankings r USING (ranking_no)
JOIN ranking_seals s ON s.ranking_no = r.ranking_no AND s.revision = r.revision
WHERE r.removed_at IS NULL AND {_IS_LIVE} AND {_IS_COMPLETE}
    AND s.sealed_at <= clock_timestamp() - make_interval(secs => :pause)
    AND EXISTS (SELECT 1 FROM ranking_row_revisions k
        WHERE k.ranking_no = r.ranking_no AND k.until_revision = r.revision)
ORDER BY r.ranking_no LIMIT :limit
"""
_BEGIN = f"""
UPDATE rankings r SET revision = revision + 1
WHERE ranking_no = ANY(CAST(:ranking_nos AS bigint[])) AND removed_at IS NULL
    AND sealed_revision = revision AND {_IS_LIVE} AND {_IS_COMPLETE}
    AND (revision = 0 OR EXISTS (SELECT 1 FROM ranking_row_revisions k
        WHERE k.ranking_no = r.ranking_no AND k.until_revision = r.revision))
RETURNING ranking_no
"""
_BEGUN = """
SELECT r.ranking_no, r.revision, v.board_id AS board, v.version_no, v.version, r.period_key,
    r.period_start, r.period_end, r.segment, v.definition
FROM rankings r JOIN board_versions v USING (version_no)
WHERE r.ranking_no = ANY(CAST(:ranking_nos AS bigint[])) AND r.sealed_revision < r.revision
ORDER BY r.period_end, r.ranking_no
"""
_INSERT = """
WITH made AS (
    INSERT INTO ranking_seals (ranking_no, revision, row_count, sha256, sealed_at)
    VALUES (:ranking_no, :revision, :rows, :sha256, clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING ranking_no, revision, sealed_at
), marked AS (
    UPDATE rankings r SET sealed_revision = made.revision FROM made
    WHERE r.ranking_no = made.ranking_no
)
SELECT sealed_at FROM made
"""


def list_unsealed(
    connection: Connection, *, resting: Collection[int] = ()
) -> tuple[list[int], list[int]]:
    """Return the closed rankings whose first revision is to begin, and those with one to seal.

    The oldest periods first, MOST_AT_ONCE at most, and none of those that are `resting`. One
    cheap statement when there are none.
    """
    parameters = {
        "grace": GRACE_SECONDS,
        "patience": INTAKE_PATIENCE_SECONDS,
        "limit": MOST_AT_ONCE,
        "resting": list(resting),
    }
    rows = connection.execute(sql(_UNSEALED), parameters).all()
    return (
        [row.ranking_no for row in rows if not row.has_begun],
        [row.ranking_no for row in rows if row.has_begun],
    )


def read_overdue_seconds(connection: Connection) -> float | None:
    """Return for how long the oldest period that is to be sealed is over: 0 when none is.

    None when there is no board at all.
    """
    has_boards, seconds = connection.execute(
        sql(
            "SELECT EXISTS (SELECT 1 FROM boards), coalesce((SELECT"
            " extract(epoch FROM clock_timestamp() - min(period_end)) FROM rankings r"
            f" WHERE {IS_UNSEALED} AND period_end < clock_timestamp()"
            f" AND (revision > 0 OR {_IS_LIVE})), 0)"
        )
    ).one()
    return float(seconds) if has_boards else None


def list_changed(connection: Connection, *, pause_seconds: float) -> list[int]:
    """Return the sealed rankings that decisions have changed since, MOST_AT_ONCE at most.

    Those sealed in the last `pause_seconds` have to wait. Costs a look at each ranking that was
    ever changed, not at each one that is sealed.
    """
    parameters = {
        "patience": INTAKE_PATIENCE_SECONDS,
        "pause": pause_seconds,
        "limit": MOST_AT_ONCE,
    }
    return list(connection.execute(sql(_CHANGED), parameters).scalars())


def begin_revisions(connection: Connection, *, ranking_nos: Sequence[int]) -> list[int]:
    """Let the next revision of these rankings begin if it is due; return those where it did.

    Until the transaction ends no scoring runs: the ones before have written their rows, the ones
    after see the revision and keep each row that they change. Raises DatabaseLockedError when
    they take long.
    """
    lock_catalog(connection, wait_ms=BEGIN_LOCK_TIMEOUT_MS)
    parameters = {"ranking_nos": list(ranking_nos), "patience": INTAKE_PATIENCE_SECONDS}
    begun = list(connection.execute(sql(_BEGIN), parameters).scalars())
    if begun:
        raise_revision(connection)
    return begun


def list_begun(connection: Connection, *, ranking_nos: Sequence[int]) -> list[BegunRanking]:
    """Return those of the rankings whose revision has begun and has no seal yet.

    Those of a board that this program does not understand are logged and left out.
    """
    found: list[BegunRanking] = []
    for row in connection.execute(sql(_BEGUN), {"ranking_nos": list(ranking_nos)}):
        try:
            definition = read_definition(row.version, row.definition)
        except TransientError as error:
            logger.warning("ranking not sealed", ranking=row.ranking_no, cause=error.message)
            continue
        found.append(BegunRanking(**{**row._mapping, "definition": definition}))
    return found


def insert_seal(connection: Connection, *, begun: BegunRanking, digest: Digest) -> datetime | None:
    """Store a revision's seal and return its time; None when it has one already.

    Of several that store seals one does at a time, until its transaction ends.
    """
    take_lock(connection, AdvisoryLock.SEAL)
    sealed_at: datetime | None = connection.execute(
        sql(_INSERT),
        {
            "ranking_no": begun.ranking_no,
            "revision": begun.revision,
            "rows": digest.rows,
            "sha256": digest.sha256,
        },
    ).scalar_one_or_none()
    return sealed_at
