"""Makes boards live in a stack, at once: it has no actions yet that they would be built from."""

import json
from collections.abc import Sequence
from typing import Any

import psycopg2

from domain.rankings.definition_json import decode_definition, encode_definition
from rig.stack import Stack

_INSERT = """
WITH revised AS (UPDATE board_catalog SET revision = revision + 1),
made AS (INSERT INTO boards (board_id, state, live_version_no) VALUES (%(id)s, 'active',
    nextval(pg_get_serial_sequence('board_versions', 'version_no'))) RETURNING live_version_no)
INSERT INTO board_versions (version_no, board_id, version, definition, state, live_at)
SELECT live_version_no, %(id)s, 1, %(definition)s, 'live', now() FROM made RETURNING version_no
"""


def make_boards(stack: Stack, boards: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Store these boards, each as the API takes it, as live ones; return the versions' numbers."""
    connection = psycopg2.connect(stack.database_url)
    try:
        with connection, connection.cursor() as cursor:
            return {board["id"]: _insert(cursor, board) for board in boards}
    finally:
        connection.close()


def _insert(cursor: Any, board: dict[str, Any]) -> int:
    definition = encode_definition(decode_definition(board))
    cursor.execute(_INSERT, {"id": board["id"], "definition": json.dumps(definition)})
    (number,) = cursor.fetchone()
    return int(number)
