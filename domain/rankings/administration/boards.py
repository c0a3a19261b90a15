"""Making, changing and removing boards, one at a time; called by `web/routes/board_admin.py`.

A change that no row depends on is made at once. Any other makes a new version, which is built
beside the live one; see `docs/boards.md`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.errors import (
    BoardExistsError,
    BoardFixedError,
    BoardSealedError,
    InvalidPayloadError,
    NotFoundError,
    PreconditionFailedError,
    RescoreNeededError,
)
from domain.rankings.administration.changes import (
    IN_PLACE_FIELDS,
    Change,
    ChangeKind,
    change_in_place,
    choose_change,
    is_changed_in_place,
    merge_patch,
)
from domain.rankings.administration.seasons import check_season
from domain.rankings.definition import GLOBAL_DEFINITION, BoardDefinition
from domain.rankings.definition_json import decode_definition, encode_definition
from domain.rankings.model import BoardVersion, Lifecycle, VersionState
from domain.store.postgres.rankings.catalog import lock_catalog
from domain.store.postgres.rankings.closing.board_seals import has_seals, list_sealed_seasons
from domain.store.postgres.rankings.stored_boards import (
    StoredBoard,
    find_any_board,
    find_stored_board,
    insert_board,
    insert_version,
    list_stored_boards,
    mark_board_changed,
    replace_definition,
    retire_building_version,
    retire_versions,
)
from domain.store.store import Connection, Store

FIXED_BOARD = StoredBoard(
    GLOBAL_BOARD,
    Lifecycle.ACTIVE,
    revision=1,
    live=BoardVersion(0, 1, GLOBAL_DEFINITION, VersionState.LIVE),
)
"""The board that always exists, as the others are shown."""


def list_boards(store: Store) -> list[StoredBoard]:
    """Return every board, the fixed one first, archived and unread ones too."""
    with store.read() as connection:
        return [FIXED_BOARD, *list_stored_boards(connection)]


def get_board(store: Store, *, board: BoardId) -> StoredBoard:
    """Return the board, also one that is not understood; raises NotFoundError."""
    if board == GLOBAL_BOARD:
        return FIXED_BOARD
    with store.read() as connection:
        return _require_any(connection, board)


def create_board(store: Store, *, document: object) -> StoredBoard:
    """Make a board; it is shown once its first version has been built.

    Raises InvalidPayloadError, BoardFixedError or BoardExistsError.
    """
    definition = decode_definition(document)
    if definition.id == GLOBAL_BOARD:
        raise BoardFixedError
    with store.write() as connection:
        lock_catalog(connection)
        if not insert_board(connection, definition=definition):
            raise BoardExistsError
        return require_board(connection, definition.id)


def change_board(
    store: Store,
    *,
    board: BoardId,
    patch: Mapping[str, Any],
    revisions: Collection[int] | None,
    rescore: bool,
) -> StoredBoard:
    """Apply a merge patch (RFC 7396) to the board's definition, and return the board.

    `revisions` are those at which the caller allows it; None for any. Raises InvalidPayloadError,
    NotFoundError, BoardFixedError, PreconditionFailedError, or RescoreNeededError for a change that
    needs a new version unless `rescore`.
    """
    if board == GLOBAL_BOARD:
        raise BoardFixedError
    with store.write() as connection:
        lock_catalog(connection)
        stored = require_changeable(connection, board, revisions)
        # What the board is to be, also when that is still being built.
        target = (stored.building or stored.shown).definition
        new = decode_definition(merge_patch(encode_definition(target), patch))
        if new.id != board:
            raise InvalidPayloadError(details={"fields": {"id": ["Cannot be changed."]}})
        change = plan_change(connection, stored, new)
        if change.kind is ChangeKind.RESCORE and not rescore:
            raise _explain_rescore(change)
        make_change(connection, stored, change, new)
        return require_board(connection, board)


def delete_board(
    store: Store, *, board: BoardId, revisions: Collection[int] | None, archive: bool
) -> None:
    """Remove the board, or archive it; its rows are removed by the keeper afterwards.

    No definition is looked at: a board that nobody understands goes as any other. `revisions` as
    for `change_board`. Raises NotFoundError, BoardFixedError, PreconditionFailedError, or
    BoardSealedError for a board with sealed periods unless `archive`.
    """
    if board == GLOBAL_BOARD:
        raise BoardFixedError
    with store.write() as connection:
        lock_catalog(connection)
        stored = _require_any(connection, board)
        _check_revision(stored, revisions)
        if stored.lifecycle is Lifecycle.DELETING or (
            archive and stored.lifecycle is Lifecycle.ARCHIVED
        ):
            return
        if not archive and has_seals(connection, board=board):
            raise BoardSealedError
        if archive:
            retire_building_version(connection, board=board)
        else:
            retire_versions(connection, board=board)
        lifecycle = Lifecycle.ARCHIVED if archive else Lifecycle.DELETING
        mark_board_changed(connection, board=board, lifecycle=lifecycle)


def plan_change(connection: Connection, stored: StoredBoard | None, new: BoardDefinition) -> Change:
    """Return what the definition does to the board; raises InvalidPayloadError for its season."""
    live = stored.live.definition if stored and stored.live else None
    building = stored.building.definition if stored and stored.building else None
    change = choose_change(new, live=live, building=building)
    if change.kind not in (ChangeKind.CREATE, ChangeKind.UNCHANGED):
        sealed = list_sealed_seasons(connection, board=new.id)
        check_season(new, fields=change.fields, sealed=sealed)
    return change


def make_change(
    connection: Connection, stored: StoredBoard, change: Change, new: BoardDefinition
) -> None:
    """Change a board as planned; under the exclusive lock of the catalog."""
    if change.kind is ChangeKind.UNCHANGED:
        return
    if change.kind is ChangeKind.RESCORE:
        insert_version(connection, definition=new)
    else:
        _change_versions(connection, stored, new)
    mark_board_changed(connection, board=new.id)


def require_board(connection: Connection, board: BoardId) -> StoredBoard:
    """Return the board; raises NotFoundError, and TransientError when it is not understood."""
    stored = find_stored_board(connection, board=board)
    if stored is None:
        raise NotFoundError("There is no such board")
    return stored


def require_changeable(
    connection: Connection, board: BoardId, revisions: Collection[int] | None
) -> StoredBoard:
    """Return the board; raises NotFoundError, BoardFixedError or PreconditionFailedError."""
    stored = require_board(connection, board)
    if stored.lifecycle is not Lifecycle.ACTIVE:
        raise BoardFixedError(f"This board cannot be changed: it is {stored.lifecycle}")
    _check_revision(stored, revisions)
    return stored


def _require_any(connection: Connection, board: BoardId) -> StoredBoard:
    stored = find_any_board(connection, board=board)
    if stored is None:
        raise NotFoundError("There is no such board")
    return stored


def _check_revision(stored: StoredBoard, revisions: Collection[int] | None) -> None:
    if revisions is not None and stored.revision not in revisions:
        raise PreconditionFailedError


def _change_versions(connection: Connection, stored: StoredBoard, new: BoardDefinition) -> None:
    """Change both versions in place; give up one being built that is not wanted any more."""
    for version in (stored.live, stored.building):
        if version is None:
            continue
        if version is stored.building and not is_changed_in_place(version.definition, new):
            retire_building_version(connection, board=new.id)
        else:
            changed = change_in_place(version.definition, new)
            replace_definition(connection, version=version, definition=changed)


def _explain_rescore(change: Change) -> RescoreNeededError:
    fields = [field for field in change.fields if field not in IN_PLACE_FIELDS]
    return RescoreNeededError(details={"fields": {field: ["Moves players."] for field in fields}})
