"""The one place where the operators' commands are put onto the application."""

from flask import Flask

from cli.actions import actions
from cli.archives import archives
from cli.tokens import tokens
from cli.verify import verify

COMMANDS = (actions, archives, tokens, verify)


def register_commands(app: Flask) -> None:
    """Make every command and group reachable as `flask --app wsgi <name>`."""
    for command in COMMANDS:
        app.cli.add_command(command)
