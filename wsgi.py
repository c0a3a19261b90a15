"""The processes as factories: `create_api` and `create_live` for servers, `create_app` for the
`flask` command (`flask --app wsgi ...`)."""

from flask import Flask

from cli.registry import register_commands
from web.app import create_api, create_live
from web.app import create_app as create_web_app

__all__ = ["create_api", "create_app", "create_live"]


def create_app() -> Flask:
    """Return the API's application with the operators' commands; it takes no actions."""
    app = create_web_app()
    register_commands(app)
    return app
