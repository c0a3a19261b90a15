"""Removal: a board keeps so many closed periods, and the rows of older ones go; their seals stay.

Called by the keeper.
"""

from domain.store.postgres.rankings.closing.old_periods import (
    delete_some,
    list_to_remove,
    mark_removed,
)
from domain.store.redis.rankings import forget
from domain.store.store import Store

CHUNK_ROWS = 5000


def remove_old_periods(store: Store) -> int:
    """Remove closed rankings beyond those that their boards keep; return how many.

    First they are marked, so that nobody reads or writes them, then they are emptied in chunks;
    what a process leaves undone that dies, the next call does. Raises DatabaseUnavailableError
    and, before anything of a ranking is deleted, RedisUnavailableError.
    """
    with store.write() as connection:
        expired, unfinished = list_to_remove(connection)
    marked = []
    if expired:
        with store.write() as connection:
            marked = mark_removed(connection, ranking_nos=expired)
    for ranking_no in dict.fromkeys([*unfinished, *marked]):
        _empty(store, ranking_no)
    return len(marked)


def _empty(store: Store, ranking_no: int) -> None:
    # Before the rows: they say that there is something to do.
    forget(store.redis, ranking_nos=[ranking_no])
    while True:
        with store.write() as connection:
            if not delete_some(connection, ranking_no=ranking_no, limit=CHUNK_ROWS):
                return
