"""How operators' commands fail: one line and an exit code instead of a traceback."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from domain.errors import DatabaseUnavailableError, LaurelError, RedisUnavailableError

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


class CommandFailedError(click.ClickException):
    """The command could not do its work; 1 is for what was checked and is broken."""

    exit_code = 2


def one_line_errors(command: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Turn a domain error of the command into its message and exit code 2."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        try:
            return command(*args, **kwargs)
        except DatabaseUnavailableError as error:
            raise CommandFailedError("PostgreSQL at DATABASE_URL does not answer") from error
        except RedisUnavailableError as error:
            raise CommandFailedError("Redis at REDIS_URL does not answer") from error
        except LaurelError as error:
            raise CommandFailedError(error.message) from error

    return run
