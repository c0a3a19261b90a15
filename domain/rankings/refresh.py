"""Refresh of the boards that are data: a batch's rows, written absolutely to their sorted sets.

Part of the link *refresh*; the global board's part is `domain/boards/refresh.py`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.rankings.catalog import CatalogCache
from domain.rankings.counting import BoardRule
from domain.rankings.definition import TieRule
from domain.rankings.folding import group_size
from domain.rankings.periods import day_label
from domain.rankings.written_rows import RowsByRanking
from domain.store.postgres.rankings.numbers import list_batch_rankings
from domain.store.postgres.rankings.rows import list_batch_ranking_rows
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.store import Connection, Store


def refresh_rankings(
    store: Store,
    *,
    catalogs: CatalogCache,
    rankings: Sequence[int],
    user_ids: Sequence[str],
    written: RowsByRanking | None = None,
) -> None:
    """Write these players' rows of these rankings by one call of a script.

    `written` are the rows if they are known; else they are read. Rankings that are sealed, or over
    for some minutes, are read from SQL and are left out. May run twice at once: the script refuses
    older versions. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.autocommit() as connection:
        revision, found = list_batch_rankings(connection, rankings=rankings)
        if not found:
            return
        catalog = catalogs.find(connection, revision=revision)
        rules = {
            ranking.ranking_no: catalog.by_version[ranking.version_no]
            for ranking in found
            if ranking.version_no in catalog.by_version and not ranking.revision
        }
        rows = _read(connection, list(rules), user_ids) if written is None else written
    now = datetime.now(UTC)
    write_rankings(
        store.redis,
        [
            encode_ranking(rule, number, rows[number], now)
            for number, rule in rules.items()
            if rows.get(number)
        ],
    )


def encode_ranking(
    rule: BoardRule, ranking_no: int, rows: Sequence[RowWrite], now: datetime
) -> RankingWrite:
    """Return what the script is told of one ranking: its rows, and its local day."""
    definition = rule.definition
    return RankingWrite(
        ranking_no=ranking_no,
        is_dense=definition.ties is TieRule.DENSE,
        group_bytes=group_size(definition),
        day=day_label(definition, now),
        rows=rows,
    )


def _read(
    connection: Connection, rankings: Sequence[int], user_ids: Sequence[str]
) -> RowsByRanking:
    rows: dict[int, list[RowWrite]] = {}
    for row in list_batch_ranking_rows(connection, rankings=rankings, user_ids=user_ids):
        write = RowWrite(row.user_id, row.member, row.version, row.updated_ms)
        rows.setdefault(row.ranking_no, []).append(write)
    return rows
