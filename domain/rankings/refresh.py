"""Refresh of the boards that are data: a batch's rows, written absolutely to their sorted sets.

Part of the link *refresh*; the global board's part is `domain/boards/refresh.py`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product

from domain.boards.model import to_milliseconds
from domain.rankings.catalog import CatalogCache
from domain.rankings.counting import BoardRule
from domain.rankings.definition import TieRule
from domain.rankings.folding import group_size
from domain.rankings.periods import day_label
from domain.rankings.written_rows import RowsByRanking
from domain.store.postgres.actions.score_locks import lock_scores
from domain.store.postgres.rankings.numbers import list_batch_rankings
from domain.store.postgres.rankings.rows import draw_stamp, list_batch_ranking_rows
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.store import Connection, Store


def refresh_rankings(
    store: Store,
    *,
    catalogs: CatalogCache,
    rankings: Sequence[int],
    user_ids: Sequence[str],
    written: RowsByRanking | None = None,
    with_gone: bool = False,
) -> None:
    """Write these players' rows of these rankings by one call of a script.

    `written` are the rows if they are known; else they are read. Rankings that are sealed, or over
    for some minutes, are read from SQL and are left out. `with_gone` removes the players who have
    no row. May run twice at once: the script refuses older versions. Raises
    DatabaseUnavailableError and RedisUnavailableError.
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
    if with_gone:
        rows = _read_with_gone(store, list(rules), user_ids, now)
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


def _read_with_gone(
    store: Store, rankings: Sequence[int], user_ids: Sequence[str], now: datetime
) -> RowsByRanking:
    """Return the rows that there are, and a removal of each one that is not there."""
    with store.write() as connection:
        # Under the lock of whoever writes rows: a removal is newer than each row before it, and
        # older than each one after it.
        lock_scores(connection, user_ids=user_ids)
        rows = {number: [*found] for number, found in _read(connection, rankings, user_ids).items()}
        there = {(number, row.user_id) for number, found in rows.items() for row in found}
        gone = [pair for pair in product(rankings, user_ids) if pair not in there]
        version = draw_stamp(connection).version if gone else 0
    for number, user_id in gone:
        rows.setdefault(number, []).append(RowWrite(user_id, None, version, to_milliseconds(now)))
    return rows


def _read(
    connection: Connection, rankings: Sequence[int], user_ids: Sequence[str]
) -> RowsByRanking:
    rows: dict[int, list[RowWrite]] = {}
    for row in list_batch_ranking_rows(connection, rankings=rankings, user_ids=user_ids):
        write = RowWrite(row.user_id, row.member, row.version, row.updated_ms)
        rows.setdefault(row.ranking_no, []).append(write)
    return rows
