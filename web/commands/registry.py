"""The one place where the operators' commands are put onto the application."""

from flask import Flask

from web.commands.actions import actions
from web.commands.archives import archives
from web.commands.tokens import tokens
from web.commands.verify import verify

COMMANDS = (actions, archives, tokens, verify)


def register_commands(app: Flask) -> None:
    """Make every command and group reachable as `flask --app wsgi <name>`."""
    for command in COMMANDS:
        app.cli.add_command(command)
