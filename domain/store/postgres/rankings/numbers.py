"""SQL of the rankings themselves: found by their keys, made when they are first needed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from domain.rankings.model import RankingKey
from domain.store.postgres.statements import hot


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
    " SELECT * FROM unnest(CAST(:versions AS bigint[]), CAST(:periods AS text[]),"
    " CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:segments AS text[]))"
    # In one order, or two batches would wait for each other.
    " ORDER BY 1, 2, 5 ON CONFLICT (version_no, period_key, segment) DO NOTHING"
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
    wanted: Mapping[RankingKey, tuple[datetime | None, datetime | None]],
) -> dict[RankingKey, KnownRanking]:
    """Return these rankings, made when they did not exist; each key with its period's bounds."""
    found = find_rankings(connection, wanted=wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        bounds = [wanted[key] for key in missing]
        _INSERT_RANKINGS.run(
            connection,
            {
                "versions": [key.version_no for key in missing],
                "periods": [key.period_key for key in missing],
                "segments": [key.segment for key in missing],
                "starts": [start for start, _ in bounds],
                "ends": [end for _, end in bounds],
            },
        )
        # A new statement, because another transaction may have inserted some of them meanwhile.
        found |= find_rankings(connection, wanted=missing)
    return found


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
