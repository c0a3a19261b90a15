"""`flask --app wsgi ledger …`: makes everything again of the one ledger, and compares."""

from datetime import UTC, datetime
from typing import Any

import click

from cli.errors import OperatorGroup
from domain.boards.model import BoardId
from domain.rankings.ledger.as_of import AsOf, replay_until
from domain.rankings.ledger.comparing import Comparison
from domain.rankings.ledger.replaying import replay as replay_ledger
from web.http.scalars import parse_timestamp
from web.services import services

ledger = OperatorGroup("ledger", help="Make scores and boards again of the ledger.")


class Moment(click.ParamType[datetime]):
    """An RFC 3339 date and time with an offset, not in the future."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment in UTC."""
        moment = value if isinstance(value, datetime) else parse_timestamp(value)
        if moment is None:
            self.fail(f"{value!r} is not like 2026-11-26T12:00:00Z", param, ctx)
        if moment > datetime.now(UTC):
            self.fail(f"{value} is in the future", param, ctx)
        return moment


class Slug(click.ParamType[BoardId]):
    """The id of a board."""

    name = "board"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> BoardId:
        """Return the id."""
        try:
            return value if isinstance(value, BoardId) else BoardId(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@ledger.command("replay")
@click.option("--until", type=Moment(), help="Only what was accepted before; nothing is compared.")
@click.option("--board", type=Slug(), help="One board alone; `global` are the scores.")
def replay(until: datetime | None, board: BoardId | None) -> None:
    """Make every projection again and compare; name what differs and exit with 1."""
    store, archive_path = services().store, services().settings.archive_path
    if until is not None:
        for each in replay_until(store, archive_path=archive_path, until=until, board=board):
            click.echo("\n".join(_describe_moment(each)))
        return
    compared = replay_ledger(store, archive_path=archive_path, board=board)
    for comparison in compared:
        click.echo("\n".join(_describe(comparison)))
    if not all(comparison.is_equal for comparison in compared):
        raise click.exceptions.Exit(1)


def _describe(found: Comparison) -> list[str]:
    word = "equal" if found.is_equal else "DIFFERS"
    lines = [f"{word:<7} {found.name:<24} {found.made.rows:>9} rows  {found.made.checksum}"]
    if found.is_equal:
        return lines
    lines.append(f"{'stored':<32} {found.stored.rows:>9} rows  {found.stored.checksum}")
    lines += [f"  {sentence}" for sentence in found.differences]
    more = found.different - len(found.differences)
    return [*lines, f"  and {more} more"] if more else lines


def _describe_moment(found: AsOf) -> list[str]:
    lines = [f"{found.name:<24} {found.rows.rows:>9} rows  {found.rows.checksum}"]
    for segment, top in sorted(found.tops.items()):
        where = " ".join(filter(None, (found.period_key, segment)))
        lines += [f"  {where}"] if where else []
        lines += [
            f"  {place:>4}  {user_id}  {value}"
            for place, (_, user_id, value) in enumerate(top, start=1)
        ]
    return lines
