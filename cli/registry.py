"""Registers the operators' commands on the application; called by `wsgi.py`."""

import click
from flask import Flask

from cli.actions import actions
from cli.archives import archives
from cli.audit import audit
from cli.bans import bans
from cli.boards import boards
from cli.errors import OperatorCommand, OperatorGroup
from cli.keys import keys
from cli.ledger import ledger
from cli.roles import roles
from cli.second_factors import second_factors
from cli.signing_keys import signing_keys
from cli.tokens import tokens
from cli.trials import fraud
from cli.verify import verify

COMMANDS = (
    actions,
    archives,
    audit,
    bans,
    boards,
    fraud,
    keys,
    ledger,
    roles,
    second_factors,
    signing_keys,
    tokens,
    verify,
)


def register_commands(app: Flask) -> None:
    """Make every command and group available as `flask --app wsgi <name>`.

    Raises TypeError for a command that would fail with a traceback.
    """
    for command in COMMANDS:
        check_command(command)
        app.cli.add_command(command)


def check_command(command: click.Command) -> None:
    """Raise TypeError unless it is an OperatorCommand, or a group of them."""
    if isinstance(command, OperatorGroup):
        for member in command.commands.values():
            check_command(member)
    elif not isinstance(command, OperatorCommand):
        raise TypeError(f"the command {command.name} is no OperatorCommand")
