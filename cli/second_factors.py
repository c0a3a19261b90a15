"""`flask --app wsgi second-factors …`: removes the second factor of a player who has lost it."""

from uuid import UUID

import click

from cli.errors import CommandFailedError, OperatorGroup
from domain.step_up.second_factors import forget_factor
from web.services import services

second_factors = OperatorGroup("second-factors", help="Second factors of players.")


@second_factors.command("remove")
@click.argument("user_id", type=click.UUID)
def remove(user_id: UUID) -> None:
    """Remove a player's second factor; the player can set up another one."""
    if not forget_factor(services().store, user_id=user_id):
        raise CommandFailedError(f"the player {user_id} has no second factor")
    click.echo(f"removed the second factor of {user_id}")
