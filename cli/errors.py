"""How operators' commands fail: one line on stderr and exit code 2 instead of a traceback."""

from typing import Any

import click
from flask.cli import with_appcontext

from domain.errors import DatabaseUnavailableError, LaurelError, RedisUnavailableError


class CommandFailedError(click.ClickException):
    """The command could not do its work; exit code 1 is for what was checked and is broken."""

    exit_code = 2


class OperatorCommand(click.Command):
    """A command that fails with one line; it runs inside the application's context.

    Every command is one: `OperatorGroup` makes them, and `register_commands` refuses others.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.callback is not None:
            self.callback = with_appcontext(self.callback)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; raises CommandFailedError for an error of the domain."""
        try:
            return super().invoke(ctx)
        except DatabaseUnavailableError as error:
            cause = error.cause.replace("PostgreSQL", "PostgreSQL at DATABASE_URL", 1)
            raise CommandFailedError(cause) from error
        except RedisUnavailableError as error:
            raise CommandFailedError("Redis at REDIS_URL does not answer") from error
        except LaurelError as error:
            raise CommandFailedError(error.message) from error


class OperatorGroup(click.Group):
    """A group whose commands are OperatorCommands unless told otherwise."""

    command_class = OperatorCommand
