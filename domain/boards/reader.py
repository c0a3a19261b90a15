"""Reads of a board: from the sorted set while it is trusted, else from SQL.

Called by the other use cases, the API's routes, and the live process. SQL has the rows of the
global board alone: see `domain/store/postgres/boards/standings.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.boards.model import TOP_SIZE, BoardId, BoardState, Page, Place, Standing, Top
from domain.store.answering import set_or_sql
from domain.store.postgres.boards.standings import (
    count_from_score,
    count_players,
    find_page,
    find_top,
    list_board_rows,
    list_ranks,
    list_standings,
    require_rows_of,
)
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis import boards
from domain.store.store import Store

CHUNK_USERS = 500


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """The top, one user's standing, and the standings around it, its own included: one moment.

    `own` is None and `around` empty when the user is not on the board.
    """

    top: Top
    own: Standing | None
    around: tuple[Standing, ...]


def read_top(store: Store, *, board: BoardId) -> Top:
    """Return the first TOP_SIZE standings. Raises DatabaseUnavailableError without both stores."""
    now = datetime.now(UTC)
    return set_or_sql(
        lambda: boards.find_top(store.redis, board=board, size=TOP_SIZE, now=now),
        lambda: _read_top_from_sql(store, board, now),
    )


def read_page(store: Store, *, board: BoardId, after: Place, limit: int) -> Page:
    """Return up to `limit` standings behind the place.

    Raises DatabaseUnavailableError without both stores.
    """
    now = datetime.now(UTC)
    return set_or_sql(
        lambda: boards.find_page(store.redis, board=board, after=after, limit=limit, now=now),
        lambda: _read_page_from_sql(store, board, after, limit),
    )


def find_neighborhood(
    store: Store, *, board: BoardId, user_id: UUID, neighbors: int
) -> Neighborhood:
    """Return the user's standing with up to `neighbors` on either side, and the top.

    Raises DatabaseUnavailableError without both stores.
    """
    now = datetime.now(UTC)
    top, around = set_or_sql(
        lambda: boards.find_neighborhood(
            store.redis, board=board, size=TOP_SIZE, now=now, user_id=user_id, neighbors=neighbors
        ),
        lambda: read_neighborhood_from_sql(store, board, user_id, neighbors, now),
    )
    own = next((standing for standing in around if standing.user_id == user_id), None)
    return Neighborhood(top, own, around)


def find_rank_of_score(store: Store, *, board: BoardId, score: int) -> tuple[int, int]:
    """Return how many users there are, and the rank that one who reaches this score now gets.

    Raises DatabaseUnavailableError without both stores.
    """
    return set_or_sql(
        lambda: boards.find_rank_of_score(store.redis, board=board, score=score),
        lambda: _read_rank_of_score_from_sql(store, board, score),
    )


def find_ranks(store: Store, *, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the ranks of those of these users who are on the board.

    Raises DatabaseUnavailableError without both stores.
    """
    if not user_ids:
        return {}
    return set_or_sql(
        lambda: boards.find_ranks(store.redis, board=board, user_ids=user_ids),
        lambda: _read_ranks_from_sql(store, board, user_ids),
    )


def find_standings(
    store: Store, *, board: BoardId, user_ids: Sequence[UUID]
) -> dict[UUID, Standing]:
    """Return the standings of those of these users who are on the board.

    Scores come from SQL, and the ranks are read a moment later. Raises DatabaseUnavailableError.
    """
    require_rows_of(board)
    standings: dict[UUID, Standing] = {}
    for start in range(0, len(user_ids), CHUNK_USERS):
        chunk = user_ids[start : start + CHUNK_USERS]
        with store.read() as connection:
            rows = list_board_rows(connection, user_ids=chunk)
        ranks = find_ranks(store, board=board, user_ids=[row.user_id for row in rows])
        for row in rows:
            if rank := ranks.get(row.user_id):
                standings[row.user_id] = Standing(
                    rank, row.user_id, row.username, row.score, row.last_updated
                )
    return standings


def complete_ranks(
    store: Store, *, board: BoardId, user_ids: Sequence[str], answered: dict[str, int] | None
) -> dict[str, int]:
    """Return the ranks that a write to the set answered, or SQL's if it answered None.

    Reads from the primary: the ranks must include the write's own batch. Raises
    DatabaseUnavailableError.
    """
    if answered is not None:
        return answered
    require_rows_of(board)
    with store.write() as connection:
        ranks = list_ranks(connection, user_ids=user_ids)
    return {str(user_id): rank for user_id, rank in ranks.items()}


def read_state(
    store: Store, *, board: BoardId, user_ids: Sequence[UUID], now: datetime
) -> BoardState:
    """Return the state of the board and of these users from SQL, at one moment.

    For a broadcast while the set is not trusted. Reads from the primary: the state must include the
    broadcast's own batch. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        read_one_moment(connection)
        top = find_top(connection, board=board, now=now)
        ranks = list_ranks(connection, user_ids=user_ids)
        rows = list_board_rows(connection, user_ids=user_ids)
    return BoardState(top, ranks, {row.user_id: row.score for row in rows})


def _read_top_from_sql(store: Store, board: BoardId, now: datetime) -> Top:
    with store.read() as connection:
        return find_top(connection, board=board, now=now)


def _read_page_from_sql(store: Store, board: BoardId, after: Place, limit: int) -> Page:
    require_rows_of(board)
    with store.read() as connection:
        read_one_moment(connection)
        return find_page(connection, after=after, limit=limit)


def _read_ranks_from_sql(store: Store, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    require_rows_of(board)
    with store.read() as connection:
        return list_ranks(connection, user_ids=user_ids)


def _read_rank_of_score_from_sql(store: Store, board: BoardId, score: int) -> tuple[int, int]:
    require_rows_of(board)
    with store.read() as connection:
        read_one_moment(connection)
        return count_players(connection), 1 + count_from_score(connection, score=score)


def read_neighborhood_from_sql(
    store: Store, board: BoardId, user_id: UUID, neighbors: int, now: datetime
) -> tuple[Top, tuple[Standing, ...]]:
    """Return the top and the standings around the user. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        read_one_moment(connection)
        top = find_top(connection, board=board, now=now)
        rank = list_ranks(connection, user_ids=[user_id]).get(user_id)
        if rank is None:
            return top, ()
        first = max(1, rank - neighbors)
        limit = rank - first + 1 + neighbors
        return top, tuple(list_standings(connection, first_rank=first, limit=limit))
