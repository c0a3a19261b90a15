"""Boards in tests: made live at once, and what their rankings hold."""

from typing import Any
from uuid import UUID

from orjson import dumps
from sqlalchemy import text

from domain.rankings.definition_json import decode_definition, encode_definition
from domain.store.store import Store

REVISE = text("UPDATE board_catalog SET revision = revision + 1")
INSERT_BOARD = text("INSERT INTO boards (board_id, state) VALUES (:id, 'active')")
INSERT_VERSION = text(
    "INSERT INTO board_versions (board_id, version, definition, state, live_at)"
    " VALUES (:id, 1, CAST(:definition AS jsonb), 'live', now()) RETURNING version_no"
)
SET_LIVE = text("UPDATE boards SET live_version_no = :number WHERE board_id = :id")


def make_board(store: Store, slug: str, **fields: Any) -> int:
    """Store a board that is live already; return its version's number. `fields` as in the API."""
    definition = encode_definition(decode_definition({"id": slug, **fields}))
    with store.write() as connection:
        connection.execute(REVISE)
        connection.execute(INSERT_BOARD, {"id": slug})
        number: int = connection.execute(
            INSERT_VERSION, {"id": slug, "definition": dumps(definition).decode()}
        ).scalar_one()
        connection.execute(SET_LIVE, {"id": slug, "number": number})
    return number


def list_rows(store: Store, slug: str) -> list[tuple[str, str, UUID, int]]:
    """Return period key, segment, user and value of a board's rows, in order."""
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT n.period_key, n.segment, r.user_id, r.value FROM ranking_rows r"
                " JOIN rankings n USING (ranking_no) JOIN board_versions v USING (version_no)"
                " WHERE v.board_id = :slug"
                " ORDER BY n.period_key, n.segment, r.sort_key, r.user_id"
            ),
            {"slug": slug},
        )
        return [tuple(row) for row in rows]


def make_unreadable(store: Store, slug: str) -> None:
    """Let the board's definition be one that this program does not understand."""
    with store.write() as connection:
        connection.execute(REVISE)
        connection.execute(
            text(
                'UPDATE board_versions SET definition = definition || \'{"timeZone": "Gone/Zone"}\''
                " WHERE board_id = :slug"
            ),
            {"slug": slug},
        )
