"""`flask --app wsgi boards …`: lists boards, and makes those of a TOML file so."""

import tomllib
from collections.abc import Sequence
from typing import IO, Any

import click
import orjson

from cli.errors import CommandFailedError, OperatorGroup
from domain.boards.model import BoardId, is_slug
from domain.errors import BoardSealedError, InvalidPayloadError, NotFoundError
from domain.rankings.administration.applying import (
    apply_boards,
    decode_definitions,
    plan_boards,
)
from domain.rankings.administration.boards import delete_board, get_board, list_boards
from domain.rankings.administration.changes import Change, ChangeKind
from domain.store.postgres.rankings.stored_boards import StoredBoard
from web.boards.board_records import describe_board
from web.http.responses import dump_json
from web.services import services

# A thousand definitions of the largest size would not be a file that people write.
MAX_FILE_BYTES = 1024 * 1024

boards = OperatorGroup("boards", help="List boards, and make those of a file so.")


@boards.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_all(as_json: bool) -> None:
    """Print every board: id, state, version, aggregate, period and title."""
    for stored in list_boards(services().store):
        click.echo(dump_json(describe_board(stored)).decode() if as_json else _describe(stored))


@boards.command("show")
@click.argument("board_id")
def show(board_id: str) -> None:
    """Print a board with its definition as JSON."""
    described = describe_board(get_board(services().store, board=_read_id(board_id)))
    click.echo(orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))


@boards.command("apply")
@click.argument("file", type=click.File("rb"))
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(file: IO[bytes], yes: bool) -> None:
    """Make the boards of a TOML file so, all or none; show first what would be done.

    Boards that are not in the file are left alone.
    """
    store = services().store
    try:
        definitions = decode_definitions(_read_tables(file.read(MAX_FILE_BYTES + 1)))
        plan = plan_boards(store, definitions=definitions)
        for change in plan:
            click.echo(_describe_change(change))
        if all(change.kind is ChangeKind.UNCHANGED for change in plan):
            return
        if not yes:
            click.confirm("Do this?", abort=True)
        apply_boards(store, definitions=definitions, planned=plan)
    except InvalidPayloadError as error:
        raise CommandFailedError(_list_problems(error)) from error
    click.echo(_describe_result(plan))


@boards.command("delete")
@click.argument("board_id")
@click.option("--archive", is_flag=True, help="Keep the sealed periods, for admins.")
def delete(board_id: str, archive: bool) -> None:
    """Remove a board, or archive it."""
    board = _read_id(board_id)
    try:
        delete_board(services().store, board=board, revisions=None, archive=archive)
    except BoardSealedError as error:
        raise CommandFailedError(f"{board} has sealed periods; --archive keeps them") from error
    click.echo(f"{'archived' if archive else 'deleted'} {board}")


def _read_id(text: str) -> BoardId:
    if not is_slug(text):
        raise NotFoundError("There is no such board")
    return BoardId(text)


def _read_tables(raw: bytes) -> Sequence[Any]:
    """Return the tables of the file; raises CommandFailedError."""
    if len(raw) > MAX_FILE_BYTES:
        raise CommandFailedError(f"the file has more than {MAX_FILE_BYTES} bytes")
    try:
        document = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandFailedError(f"the file is not TOML: {error}") from error
    tables = document.get("boards")
    if type(tables) is not list or document.keys() != {"boards"}:
        raise CommandFailedError("the file must have tables [[boards]] and nothing else")
    return tables


def _list_problems(error: InvalidPayloadError) -> str:
    fields = (error.details or {}).get("fields", {})
    lines = [f"  {name}: {' '.join(said)}" for name, said in fields.items()]
    return "\n".join(["nothing was changed:", *lines])


def _describe_change(change: Change) -> str:
    words = {
        ChangeKind.CREATE: "create",
        ChangeKind.UNCHANGED: "unchanged",
        ChangeKind.IN_PLACE: "change",
        ChangeKind.RESCORE: "re-score",
    }
    return f"{words[change.kind]:<10} {change.board.slug:<32} {', '.join(change.fields)}".rstrip()


def _describe_result(plan: Sequence[Change]) -> str:
    kinds = [change.kind for change in plan]
    changed = len(kinds) - kinds.count(ChangeKind.UNCHANGED)
    is_building = ChangeKind.CREATE in kinds or ChangeKind.RESCORE in kinds
    building = "; new versions are built now, see `boards list`" if is_building else ""
    return f"changed {changed} of {len(kinds)}{building}"


def _describe(stored: StoredBoard) -> str:
    if stored.unread is not None and stored.readable is None:
        unread = stored.unread
        return f"{stored.board.slug:<32}  {stored.state:<8}  v{unread.version:<3}  {unread.error}"
    shown = stored.shown
    building = ""
    if stored.building is not None:
        why = f", {stored.build_error}" if stored.build_error else ""
        building = f"  (version {stored.building.version}: {stored.progress:.0%} built{why})"
    definition = shown.definition
    return (
        f"{stored.board.slug:<32}  {stored.state:<8}  v{shown.version:<3}"
        f"  {definition.aggregate:<6}  {definition.period.kind:<7}  {definition.title}{building}"
    )
