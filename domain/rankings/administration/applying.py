"""Making a whole file of boards so: the plan first, then all of it in one transaction.

Called by `cli/boards.py`. Boards that are not in the file are left alone.
"""

from collections.abc import Sequence
from typing import Any

from domain.boards.model import GLOBAL_BOARD
from domain.errors import InvalidPayloadError, PreconditionFailedError
from domain.rankings.administration.boards import make_change, plan_change
from domain.rankings.administration.changes import Change
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import decode_definition
from domain.rankings.model import Lifecycle
from domain.store.postgres.rankings.catalog import lock_catalog
from domain.store.postgres.rankings.stored_boards import (
    StoredBoard,
    find_stored_board,
    insert_board,
)
from domain.store.store import Connection, Store

Fields = dict[str, list[str]]


def decode_definitions(documents: Sequence[Any]) -> list[BoardDefinition]:
    """Return the definitions.

    Raises InvalidPayloadError, whose details name each bad field as "board: path".
    """
    problems: Fields = {}
    definitions: list[BoardDefinition] = []
    for index, document in enumerate(documents):
        try:
            definition = decode_definition(document)
        except InvalidPayloadError as error:
            problems |= _name_board(_label(document, index), error)
            continue
        if definition.id in [other.id for other in definitions]:
            problems[f"boards[{index}]: id"] = [f"There is another {definition.id} before it."]
        definitions.append(definition)
    if problems:
        raise InvalidPayloadError(details={"fields": problems})
    return definitions


def plan_boards(store: Store, *, definitions: Sequence[BoardDefinition]) -> list[Change]:
    """Return what applying these definitions would do; raises InvalidPayloadError."""
    with store.write() as connection:
        return [change for change, _ in _plan(connection, definitions)]


def apply_boards(
    store: Store, *, definitions: Sequence[BoardDefinition], planned: Sequence[Change]
) -> None:
    """Apply these definitions as planned, all or none.

    Raises InvalidPayloadError, or PreconditionFailedError when a board was changed since the plan.
    """
    with store.write() as connection:
        lock_catalog(connection)
        plan = _plan(connection, definitions)
        if [change for change, _ in plan] != list(planned):
            raise PreconditionFailedError("The boards were changed meanwhile; plan again")
        for definition, (change, stored) in zip(definitions, plan, strict=True):
            if stored is None:
                insert_board(connection, definition=definition)
            else:
                make_change(connection, stored, change, definition)


def _plan(
    connection: Connection, definitions: Sequence[BoardDefinition]
) -> list[tuple[Change, StoredBoard | None]]:
    problems: Fields = {}
    plan: list[tuple[Change, StoredBoard | None]] = []
    for definition in definitions:
        stored = find_stored_board(connection, board=definition.id)
        try:
            _check_changeable(definition, stored)
            plan.append((plan_change(connection, stored, definition), stored))
        except InvalidPayloadError as error:
            problems |= _name_board(definition.id.slug, error)
    if problems:
        raise InvalidPayloadError(details={"fields": problems})
    return plan


def _check_changeable(definition: BoardDefinition, stored: StoredBoard | None) -> None:
    problem = None
    if definition.id == GLOBAL_BOARD:
        problem = "This board always exists and cannot be changed."
    elif stored is not None and stored.lifecycle is not Lifecycle.ACTIVE:
        problem = f"This board cannot be changed: it is {stored.state}."
    if problem:
        raise InvalidPayloadError(details={"fields": {"id": [problem]}})


def _label(document: Any, index: int) -> str:
    name = document.get("id") if isinstance(document, dict) else None
    return name if type(name) is str and name else f"boards[{index}]"


def _name_board(label: str, error: InvalidPayloadError) -> Fields:
    return {f"{label}: {path}": said for path, said in error.problems.items()}
