"""Refresh of the boards that are data: a batch's rows, written absolutely to their sorted sets.

Part of the link *refresh*; the global board's part is `domain/boards/refresh.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from domain.rankings.catalog import CatalogCache
from domain.rankings.counting import BoardRule
from domain.rankings.definition import TieRule
from domain.rankings.folding import group_size
from domain.store.postgres.rankings.numbers import BatchRanking, list_batch_rankings
from domain.store.postgres.rankings.rows import BatchRankingRow, list_batch_ranking_rows
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.store import Store


def refresh_rankings(
    store: Store, *, catalogs: CatalogCache, rankings: Sequence[int], user_ids: Sequence[str]
) -> None:
    """Write these players' rows of these rankings by one call of a script.

    Sealed rankings are read from SQL and are left out. May run twice at once: the script refuses
    older versions. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.autocommit() as connection:
        revision, found = list_batch_rankings(connection, rankings=rankings)
        if not found:
            return
        catalog = catalogs.find(connection, revision=revision)
        open_ones = [
            ranking
            for ranking in found
            if ranking.version_no in catalog.by_version and not ranking.revision
        ]
        rows = list_batch_ranking_rows(
            connection, rankings=[ranking.ranking_no for ranking in open_ones], user_ids=user_ids
        )
    now = datetime.now(UTC)
    write_rankings(
        store.redis,
        [
            encode_ranking(catalog.by_version[ranking.version_no], ranking, rows, now)
            for ranking in open_ones
        ],
    )


def encode_ranking(
    rule: BoardRule, ranking: BatchRanking, rows: Iterable[BatchRankingRow], now: datetime
) -> RankingWrite:
    """Return what the script is told of one ranking: its rows among `rows`, and its local day."""
    definition = rule.definition
    return RankingWrite(
        ranking_no=ranking.ranking_no,
        is_dense=definition.ties is TieRule.DENSE,
        group_bytes=group_size(definition),
        day=now.astimezone(definition.time_zone).date().isoformat(),
        rows=[
            RowWrite(row.user_id, row.member, row.version, row.updated_ms)
            for row in rows
            if row.ranking_no == ranking.ranking_no
        ],
    )
