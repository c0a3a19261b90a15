"""SQL of the ranking: the order that decides, and the answers while the sorted set is not trusted.

The order is `score DESC, reached_seq, user_id`; the index ix_user_scores_ranking has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.boards.model import (
    GLOBAL_BOARD,
    TOP_SIZE,
    BoardId,
    Page,
    Place,
    Standing,
    Top,
    to_milliseconds,
)
from domain.store.postgres.statements import hot, prepared, sql


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A user's row on the board in SQL; `version` orders the states of one user."""

    user_id: UUID
    username: str
    score: int
    reached_seq: int
    version: int
    last_updated: datetime

    @property
    def updated_ms(self) -> int:
        """Milliseconds since 1970, the precision of times on a board."""
        return to_milliseconds(self.last_updated)


class BatchRow(NamedTuple):
    """What `BoardRow` has, for the chain: the id is text, and the time milliseconds since 1970.

    `reached_seq` is None for a user who is not on the board.
    """

    user_id: str
    username: str
    score: int
    reached_seq: int | None
    version: int
    updated_ms: int


_ROW = "s.user_id, u.username, s.score, s.reached_seq, s.version, s.last_updated"
_STANDING = (
    "s.user_id, u.username, s.score, date_trunc('milliseconds', s.last_updated), s.reached_seq"
)
_FROM = "FROM user_scores s JOIN users u ON u.user_id = s.user_id"
_ORDER = "ORDER BY s.score DESC, s.reached_seq, s.user_id"
# With IS NOT NULL, a plan made before the first ANALYZE reads all of the ranking's index.
BOARD_ROWS = prepared(
    f"SELECT {_ROW} {_FROM} WHERE s.user_id = ANY(CAST(:ids AS uuid[]))"
    " AND coalesce(s.reached_seq, 0) > 0"
)


def require_rows_of(board: BoardId) -> None:
    """Raise LookupError unless SQL has the rows of this board.

    `user_scores` is the global board, and the functions of this module read nothing else. The rows
    of a second board would come from a table with the same columns and a board id, which scoring
    writes in the transaction in which it writes `user_scores`.
    """
    if board != GLOBAL_BOARD:
        raise LookupError(f"SQL has no rows of the board {board}")


def list_board_rows(
    connection: Connection, *, user_ids: Sequence[UUID] | Sequence[str]
) -> list[BoardRow]:
    """Return these users' rows; users who are not on the board are absent."""
    rows = connection.execute(
        BOARD_ROWS,
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return [BoardRow(*row) for row in rows]


_BATCH_ROWS = hot(
    "SELECT CAST(s.user_id AS text), u.username, s.score, s.reached_seq, s.version,"
    f" CAST(floor(extract(epoch FROM s.last_updated) * 1000) AS bigint) {_FROM}"
    " WHERE s.user_id = ANY(CAST(:ids AS uuid[]))"
)


def list_batch_rows(connection: Connection, *, user_ids: Sequence[str]) -> list[BatchRow]:
    """Return these users' rows, of those too who are not on the board."""
    rows = _BATCH_ROWS.run(connection, {"ids": list(user_ids)}).fetchall()
    return list(starmap(BatchRow, rows))


def list_board_chunk(connection: Connection, *, after: UUID | None, limit: int) -> list[BoardRow]:
    """Return the next `limit` users on the board after `after`, in order of id.

    For a walk over all users; `after` is None for the first chunk.
    """
    rows = connection.execute(
        sql(
            f"SELECT {_ROW} {_FROM} WHERE s.reached_seq IS NOT NULL"
            # Of both tables: a merge join reads the one that is not bounded from its start.
            " AND (CAST(:after AS uuid) IS NULL"
            "   OR s.user_id > CAST(:after AS uuid) AND u.user_id > CAST(:after AS uuid))"
            " ORDER BY s.user_id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [BoardRow(*row) for row in rows]


def list_standings(connection: Connection, *, first_rank: int, limit: int) -> list[Standing]:
    """Return up to `limit` standings from `first_rank` on, times cut to milliseconds.

    That is the precision of times in the sorted set, so both sources give the same standings.
    """
    rows = connection.execute(
        sql(
            f"SELECT {_STANDING} {_FROM}"
            f" WHERE s.reached_seq IS NOT NULL {_ORDER} OFFSET :skip LIMIT :limit"
        ),
        {"skip": first_rank - 1, "limit": limit},
    )
    return [Standing(rank, *row) for rank, row in enumerate(rows, start=first_rank)]


def find_page(connection: Connection, *, after: Place, limit: int) -> Page:
    """Return up to `limit` standings behind the place, and how many users there are.

    The rows come from the index, the ranks from counting the users ahead.
    """
    place = {"score": after.score, "reached": after.reached_seq, "user_id": after.user_id}
    rows = connection.execute(
        sql(
            f"SELECT {_STANDING} {_FROM} WHERE s.reached_seq IS NOT NULL AND s.score <= :score"
            " AND (s.score < :score OR (s.reached_seq, s.user_id) > (:reached, :user_id))"
            f" {_ORDER} LIMIT :limit"
        ),
        {**place, "limit": limit},
    ).all()
    ahead = connection.execute(
        sql(
            "SELECT count(*) FROM user_scores s WHERE s.reached_seq IS NOT NULL"
            " AND s.score >= :score"
            " AND (s.score > :score OR (s.reached_seq, s.user_id) <= (:reached, :user_id))"
        ),
        place,
    ).scalar_one()
    standings = tuple(Standing(rank, *row) for rank, row in enumerate(rows, start=ahead + 1))
    return Page(standings, count_players(connection))


def find_top(connection: Connection, *, board: BoardId, now: datetime) -> Top:
    """Return the top without a position, because SQL knows nothing of the bus.

    Raises LookupError for a board whose rows SQL does not have.
    """
    require_rows_of(board)
    standings = list_standings(connection, first_rank=1, limit=TOP_SIZE)
    total = count_players(connection) if len(standings) == TOP_SIZE else len(standings)
    return Top(board, "", 0, total, tuple(standings), now)


def count_players(connection: Connection) -> int:
    """Return how many users are on the board."""
    return int(
        connection.execute(
            sql("SELECT count(*) FROM user_scores WHERE reached_seq IS NOT NULL")
        ).scalar_one()
    )


def count_from_score(connection: Connection, *, score: int) -> int:
    """Return how many users have this score or a larger one."""
    return int(
        connection.execute(
            sql(
                "SELECT count(*) FROM user_scores WHERE reached_seq IS NOT NULL AND score >= :score"
            ),
            {"score": score},
        ).scalar_one()
    )


def list_ranks(
    connection: Connection, *, user_ids: Sequence[UUID] | Sequence[str]
) -> dict[UUID, int]:
    """Return these users' ranks, by counting the users ahead of each.

    Users who are not on the board are absent.
    """
    rows = connection.execute(
        sql(
            "SELECT s.user_id, 1 + (SELECT count(*) FROM user_scores o"
            "   WHERE o.reached_seq IS NOT NULL AND o.score >= s.score"
            "   AND (o.score > s.score OR o.reached_seq < s.reached_seq"
            "     OR (o.reached_seq = s.reached_seq AND o.user_id < s.user_id))) AS rank"
            " FROM user_scores s"
            " WHERE s.user_id = ANY(CAST(:ids AS uuid[])) AND s.reached_seq IS NOT NULL"
        ),
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return {row.user_id: row.rank for row in rows}
