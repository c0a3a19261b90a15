"""The one place where the operators' commands are put onto the application."""

from flask import Flask

from web.commands.tokens import tokens

GROUPS = (tokens,)


def register_commands(app: Flask) -> None:
    """Make every group reachable as `flask --app wsgi <group>`."""
    for group in GROUPS:
        app.cli.add_command(group)
