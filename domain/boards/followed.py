"""What those who follow the board hear of themselves, read for many players at once.

Called by the live process; `reader.py` reads for one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from domain.boards.model import AroundAsked, BoardId, Held
from domain.boards.reader import find_standings, read_neighborhood_from_sql
from domain.errors import RedisUnavailableError
from domain.store.answering import set_or_sql
from domain.store.redis import bulk_reads
from domain.store.redis.bulk_reads import MAX_AROUND, MAX_HELD, MarkedRows
from domain.store.store import Store

OFF_BOARD = Held(None, 0)


class Moved(NamedTuple):
    """What players hold now, and whether SQL was asked, which counts ranks."""

    held: dict[UUID, Held]
    asked_sql: bool


def find_moved(store: Store, *, board: BoardId, known: Mapping[UUID, Held | None]) -> Moved:
    """Return those of up to MAX_HELD players who hold another rank than they know.

    None in `known` is for what is not known. Raises DatabaseUnavailableError without both stores.
    """
    assert len(known) <= MAX_HELD

    def ask_set() -> Moved | None:
        found = bulk_reads.find_moved(store.redis, board=board, known=known)
        return None if found is None else Moved(found, asked_sql=False)

    return set_or_sql(ask_set, lambda: _read_moved_from_sql(store, board, known))


def find_held_in_redis(
    store: Store, *, board: BoardId, user_ids: Sequence[UUID]
) -> dict[UUID, Held]:
    """Return what players hold, as far as Redis knows. SQL would count for each."""
    held: dict[UUID, Held] = {}
    for start in range(0, len(user_ids), MAX_HELD):
        known = dict.fromkeys(user_ids[start : start + MAX_HELD])
        try:
            found = bulk_reads.find_moved(store.redis, board=board, known=known)
        except (RedisUnavailableError, ValueError):
            break
        held |= found or {}
    return held


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


def _read_moved_from_sql(store: Store, board: BoardId, known: Mapping[UUID, Held | None]) -> Moved:
    found = find_standings(store, board=board, user_ids=[*known])
    held = dict.fromkeys(known, OFF_BOARD)
    held |= {user_id: Held(row.rank, row.score) for user_id, row in found.items()}
    moved = {
        user_id: now
        for user_id, now in held.items()
        if (before := known[user_id]) is None or before.rank != now.rank
    }
    return Moved(moved, asked_sql=True)


def _read_around_from_sql(store: Store, board: BoardId, asked: AroundAsked) -> MarkedRows:
    now = datetime.now(UTC)
    top, rows = read_neighborhood_from_sql(store, board, asked.user_id, asked.neighbors, now)
    return MarkedRows("", top.total_users, rows)
