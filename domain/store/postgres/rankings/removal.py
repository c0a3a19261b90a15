"""SQL that removes what is left of a board after its rankings; called by `domain/rankings/`."""

from sqlalchemy import Connection

from domain.boards.model import BoardId
from domain.store.postgres.statements import sql


def claim_deleted_board(connection: Connection) -> BoardId | None:
    """Return a board that is being removed and has no ranking any more, locked; or None."""
    board_id = connection.execute(
        sql(
            "SELECT b.board_id FROM boards b WHERE b.state = 'deleting' AND NOT EXISTS"
            " (SELECT 1 FROM board_versions v JOIN rankings r ON r.version_no = v.version_no"
            "   WHERE v.board_id = b.board_id)"
            " ORDER BY b.board_id LIMIT 1 FOR UPDATE OF b SKIP LOCKED"
        )
    ).scalar_one_or_none()
    return None if board_id is None else BoardId(board_id)


def delete_members(connection: Connection, *, board: BoardId, limit: int) -> int:
    """Delete up to `limit` members of the board; return how many."""
    return connection.execute(
        sql(
            "DELETE FROM board_members WHERE ctid = ANY(ARRAY(SELECT ctid FROM board_members"
            " WHERE board_id = :board LIMIT :limit))"
        ),
        {"board": board.slug, "limit": limit},
    ).rowcount


def delete_board_row(connection: Connection, *, board: BoardId) -> None:
    """Delete the board and its versions, which nothing refers to any more."""
    for table in ("board_versions", "boards"):
        connection.execute(
            sql(f"DELETE FROM {table} WHERE board_id = :board"), {"board": board.slug}
        )
