"""`flask --app wsgi bans …`: bans a player, ends a ban, and shows the one that runs."""

from datetime import UTC, datetime
from uuid import UUID

import click

from cli.errors import OperatorGroup
from cli.parameters.moments import MOMENT
from cli.parameters.operator import login_name, name_operator
from cli.parameters.words import WORDS
from domain.moderation.banning import ban_user, find_ban
from domain.moderation.model import Ban, BanReason
from domain.moderation.unbanning import end_ban
from web.services import services

bans = OperatorGroup("bans", help="Ban players, and end bans.")

_user = click.argument("user_id", type=click.UUID)
_by = click.option(
    "--by",
    default=login_name,
    type=WORDS,
    help="Name of the moderator; by default the login name.",
)


@bans.command("show")
@_user
def show(user_id: UUID) -> None:
    """Print the player's ban that runs."""
    ban = find_ban(services().store, user_id=user_id)
    click.echo("not banned" if ban is None else _describe(ban))


@bans.command("add")
@_user
@click.option(
    "--reason",
    type=click.Choice([*map(str, BanReason)]),
    required=True,
    help="What the player is told.",
)
@click.option("--note", type=WORDS, required=True, help="Why; for moderators only.")
@click.option("--until", type=MOMENT, help="Until a time in ISO 8601; without one, for good.")
@_by
def add(user_id: UUID, reason: str, note: str, until: datetime | None, by: str) -> None:
    """Ban a player: no actions, no sockets, on no board, until the ban ends."""
    now = datetime.now(UTC)
    if until is not None and until <= now:
        raise click.BadParameter("must be in the future", param_hint="--until")
    ban = ban_user(
        services().store,
        user_id=user_id,
        until=until,
        reason=BanReason(reason),
        note=note,
        by=name_operator(by),
        now=now,
    )
    click.echo(_describe(ban))


@bans.command("end")
@_user
@click.option("--reason", type=WORDS, required=True, help="Why; for moderators only.")
@_by
def end(user_id: UUID, reason: str, by: str) -> None:
    """End a player's ban, and put the player back on every board."""
    used = services()
    end_ban(
        used.store,
        user_id=user_id,
        reason=reason,
        by=name_operator(by),
        archive_path=used.settings.archive_path,
        now=datetime.now(UTC),
    )
    click.echo("not banned any more")


def _describe(ban: Ban) -> str:
    until = (
        "for good"
        if ban.until_at is None
        else f"until {ban.until_at.isoformat(timespec='seconds')}"
    )
    return f"banned {until}: {ban.reason}, by {ban.by}: {ban.note}"
