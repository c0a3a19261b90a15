"""What those who follow the board hear of themselves, read for many players at once.

Called by the live process; `reader.py` reads for one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from domain.boards.model import AroundAsked, BoardId, Held
from domain.boards.reader import find_standings, read_neighborhood_from_sql
from domain.store.answering import set_or_sql
from domain.store.redis import bulk_reads
from domain.store.redis.bulk_reads import MAX_AROUND, MAX_HELD, MarkedRows
from domain.store.store import Store

OFF_BOARD = Held(None, 0)


def find_held(store: Store, *, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, Held]:
    """Return what each of up to MAX_HELD players holds.

    Raises DatabaseUnavailableError without both stores.
    """
    assert len(user_ids) <= MAX_HELD
    return set_or_sql(
        lambda: bulk_reads.find_held(store.redis, board=board, user_ids=user_ids),
        lambda: _read_held_from_sql(store, board, user_ids),
    )


def find_rows_around(
    store: Store, *, board: BoardId, asked: Sequence[AroundAsked]
) -> list[MarkedRows | None]:
    """Return the rows around each of up to MAX_AROUND players; None for what its mark knows.

    What SQL has read has no mark. Raises DatabaseUnavailableError without both stores.
    """
    assert len(asked) <= MAX_AROUND
    return set_or_sql(
        lambda: bulk_reads.find_rows_around(store.redis, board=board, asked=asked),
        lambda: [_read_around_from_sql(store, board, each) for each in asked],
    )


def _read_held_from_sql(store: Store, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, Held]:
    found = find_standings(store, board=board, user_ids=user_ids)
    held = {user_id: Held(row.rank, row.score) for user_id, row in found.items()}
    return dict.fromkeys(user_ids, OFF_BOARD) | held


def _read_around_from_sql(store: Store, board: BoardId, asked: AroundAsked) -> MarkedRows:
    now = datetime.now(UTC)
    top, rows = read_neighborhood_from_sql(store, board, asked.user_id, asked.neighbors, now)
    return MarkedRows("", top.total_users, rows)
