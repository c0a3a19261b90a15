"""`flask --app wsgi roles …`: makes players moderators or admins, and takes that away."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from cli.errors import CommandFailedError, OperatorGroup
from domain.accounts.roles import grant_role, list_role_holders, take_role
from web.http.caller import ROLE_ADMIN, ROLE_MODERATOR
from web.services import services

roles = OperatorGroup("roles", help="Roles of accounts that log in with a password.")

_user = click.argument("user_id", type=click.UUID)
_role = click.argument("role", type=click.Choice([ROLE_MODERATOR, ROLE_ADMIN]))


@roles.command("grant")
@_user
@_role
def grant(user_id: UUID, role: str) -> None:
    """Give a registered player a role, from the next login or refresh on."""
    is_new = grant_role(services().store, user_id=user_id, role=role)
    click.echo("granted" if is_new else "granted before: nothing changed")


@roles.command("take")
@_user
@_role
def take(user_id: UUID, role: str) -> None:
    """Take a role away; the player's sessions and tokens end within a second."""
    settings = services().settings
    seconds = settings.jwt_expiration + 2 * settings.jwt_leeway_seconds
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    if not take_role(services().store, user_id=user_id, role=role, until=until):
        raise CommandFailedError(f"the player {user_id} is no {role}")
    click.echo("taken away")


@roles.command("list")
def list_all() -> None:
    """Print who has which role."""
    for user_id, username, role in list_role_holders(services().store):
        click.echo(f"{user_id}  {role:<10} {username}")
