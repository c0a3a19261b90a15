"""Makes boards in a stack by the operators' command, as an operator would."""

import json
from collections.abc import Sequence
from typing import Any

import psycopg2

from local.errors import LocalError
from rig.draining import wait_until
from rig.stack import Stack

LIVE_SECONDS = 60.0
_LIVE = "SELECT board_id, version_no FROM board_versions WHERE state = 'live'"


def make_boards(stack: Stack, boards: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Make these boards, each as the API takes it; return the numbers of their live versions.

    Raises LocalError when one is refused, or is not live in LIVE_SECONDS.
    """
    if not boards:
        return {}
    path = stack.home.folder / "boards.toml"
    path.write_text("".join(map(write_board, boards)))
    stack.output_of("flask", "--app", "wsgi", "boards", "apply", str(path), "--yes")
    connection = psycopg2.connect(stack.database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            names = {board["id"] for board in boards}
            is_live = wait_until(
                lambda: names <= _list_live(cursor).keys(), timeout_seconds=LIVE_SECONDS
            )
            if is_live is None:
                raise LocalError(f"the boards were not live after {LIVE_SECONDS:g} s.")
            return _list_live(cursor)
    finally:
        connection.close()


def write_board(board: dict[str, Any]) -> str:
    """Return a board as a table of the file that `boards apply` reads."""
    lines = [f"{name} = {_write(value)}" for name, value in board.items()]
    return "\n".join(["[[boards]]", *lines, "", ""])


def _write(value: Any) -> str:
    """Return a value in TOML, whose texts and numbers are those of JSON."""
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(name)} = {_write(each)}" for name, each in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_write, value))}]"
    return json.dumps(value)


def _list_live(cursor: Any) -> dict[str, int]:
    cursor.execute(_LIVE)
    return dict(cursor.fetchall())
