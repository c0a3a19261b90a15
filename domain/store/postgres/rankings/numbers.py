"""SQL of the rankings themselves: found by their keys, made when they are first needed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from domain.rankings.model import RankingKey
from domain.store.postgres.advisory_locks import AdvisoryLock, take_lock
from domain.store.postgres.statements import hot

MAX_SEGMENTS = 1_000
"""Rankings of one version and period, where the board is split by what players send.

Each costs rows, keys in Redis and a seal, and any text makes one. More than there are countries or
levels; attributes of players have no limit. Who raises it makes a new version of each board that
had reached it: actions that were left out would be missed.
"""

Bounds = tuple[datetime | None, datetime | None]
Place = tuple[int, str]
"""A version's number, and the key of a period."""


class KnownRanking(NamedTuple):
    """A ranking's number, and its last seal's revision: 0 while it has none.

    A removed one gets no rows any more: the board does not keep periods so old.
    """

    number: int
    revision: int
    is_removed: bool = False


class BatchRanking(NamedTuple):
    """A ranking that a batch has changed."""

    ranking_no: int
    version_no: int
    revision: int


_INSERT_RANKINGS = hot(
    "INSERT INTO rankings (version_no, period_key, period_start, period_end, segment)"
    " SELECT version_no, period_key, period_start, period_end, segment FROM ("
    "   SELECT *, row_number() OVER (PARTITION BY version_no, period_key ORDER BY segment) AS n"
    "   FROM unnest(CAST(:versions AS bigint[]), CAST(:periods AS text[]),"
    "     CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:segments AS text[]))"
    "     AS k(version_no, period_key, period_start, period_end, segment)"
    "   WHERE NOT EXISTS (SELECT FROM rankings r"
    "     WHERE (r.version_no, r.period_key, r.segment)"
    "       = (k.version_no, k.period_key, k.segment))"
    " ) k WHERE version_no <> ALL(CAST(:bounded AS bigint[])) OR n <= CAST(:limit AS bigint)"
    "   - (SELECT count(*) FROM rankings r"
    "     WHERE (r.version_no, r.period_key) = (k.version_no, k.period_key))"
    # In one order, or two batches would wait for each other.
    " ORDER BY 1, 2, 5 ON CONFLICT (version_no, period_key, segment) DO NOTHING"
)
_FIND_FULL = hot(
    "SELECT version_no, period_key"
    " FROM unnest(CAST(:versions AS bigint[]), CAST(:periods AS text[]))"
    "   AS k(version_no, period_key)"
    " WHERE CAST(:limit AS bigint) <= (SELECT count(*) FROM rankings r"
    "   WHERE (r.version_no, r.period_key) = (k.version_no, k.period_key))"
)
_FIND_RANKINGS = hot(
    "SELECT r.version_no, r.period_key, r.segment, r.ranking_no, r.revision,"
    " r.removed_at IS NOT NULL FROM rankings r"
    " JOIN unnest(CAST(:versions AS bigint[]), CAST(:periods AS text[]),"
    " CAST(:segments AS text[])) AS k(version_no, period_key, segment)"
    " USING (version_no, period_key, segment)"
)


def find_rankings(
    connection: Connection, *, wanted: Collection[RankingKey]
) -> dict[RankingKey, KnownRanking]:
    """Return the rankings that exist, by their keys."""
    ordered = list(wanted)
    rows = _FIND_RANKINGS.run(
        connection,
        {
            "versions": [key.version_no for key in ordered],
            "periods": [key.period_key for key in ordered],
            "segments": [key.segment for key in ordered],
        },
    ).fetchall()
    return {
        RankingKey(version, period, segment): KnownRanking(*facts)
        for version, period, segment, *facts in rows
    }


def make_rankings(
    connection: Connection,
    *,
    wanted: Mapping[RankingKey, Bounds],
    bounded: Collection[int] = (),
) -> dict[RankingKey, KnownRanking]:
    """Return these rankings, made when they did not exist; each key with its period's bounds.

    Of the versions `bounded` those are absent that do not exist while MAX_SEGMENTS others of their
    period do. They never come to be, so whether a ranking exists says whether its actions count.
    """
    found = find_rankings(connection, wanted=wanted)
    missing = {key: bounds for key, bounds in wanted.items() if key not in found}
    if missing:
        _insert(connection, missing, bounded)
        # A new statement, because another transaction may have inserted some of them meanwhile.
        found |= find_rankings(connection, wanted=missing)
    return found


def find_full(connection: Connection, *, places: Collection[Place]) -> set[Place]:
    """Return those of these places of bounded versions that get no further ranking, ever."""
    ordered = list(places)
    rows = _FIND_FULL.run(
        connection,
        {
            "versions": [version for version, _ in ordered],
            "periods": [period for _, period in ordered],
            "limit": MAX_SEGMENTS,
        },
    ).fetchall()
    return {(version, period) for version, period in rows}


def is_left_out(connection: Connection, *, key: RankingKey) -> bool:
    """Return whether a ranking of a bounded version does not exist, and never will."""
    # In this order: a place that is full has all its rankings.
    full = find_full(connection, places=[key[:2]])
    return bool(full) and key not in find_rankings(connection, wanted=[key])


def _insert(
    connection: Connection, missing: Mapping[RankingKey, Bounds], bounded: Collection[int]
) -> None:
    places = {key[:2] for key in missing if key.version_no in bounded}
    if places:
        full = find_full(connection, places=places)
        missing = {key: bounds for key, bounds in missing.items() if key[:2] not in full}
        if not missing:
            return
        if places - full:
            # Until the transaction ends: no other one makes the ranking for which there is no room
            # here, and none that is seen to be full has a ranking that is not committed yet.
            take_lock(connection, AdvisoryLock.SEGMENTS)
    keys = list(missing)
    _INSERT_RANKINGS.run(
        connection,
        {
            "versions": [key.version_no for key in keys],
            "periods": [key.period_key for key in keys],
            "segments": [key.segment for key in keys],
            "starts": [missing[key][0] for key in keys],
            "ends": [missing[key][1] for key in keys],
            "bounded": list(bounded),
            "limit": MAX_SEGMENTS,
        },
    )


# What is over is read from SQL, and the keeper forgets its set five minutes later, once: a later
# write would stay for ever. Minutes less, so that a slow write does not come after that either.
SET_OUTLIVES_PERIOD = timedelta(minutes=2)

_BATCH_RANKINGS = hot(
    "SELECT (SELECT revision FROM board_catalog), ranking_no, version_no, revision FROM rankings"
    " WHERE ranking_no = ANY(CAST(:rankings AS bigint[]))"
    " AND (period_end IS NULL OR period_end > now() - CAST(:outlives AS interval))"
)


def list_batch_rankings(
    connection: Connection, *, rankings: Sequence[int]
) -> tuple[int, list[BatchRanking]]:
    """Return the catalog's revision, and those of these rankings that Redis is to have.

    Those that were removed are absent, and those whose period is over for some minutes.
    """
    rows = _BATCH_RANKINGS.run(
        connection, {"rankings": list(rankings), "outlives": SET_OUTLIVES_PERIOD}
    ).fetchall()
    return rows[0][0] if rows else 0, [BatchRanking(*row[1:]) for row in rows]
