"""The factories of the API: `create_api` for servers, `create_app` for the `flask` command
(`flask --app wsgi ...`). That of the live process is in `web/live/app.py`.

Each ends the process with the reasons when its settings are refused.
"""

from flask import Flask

from cli.registry import register_commands
from web import app as web_app
from web.server.rsgi import RsgiServer
from workers.process.startup import exit_on_bad_settings


def create_api() -> RsgiServer:
    """Return what granian serves: the API and what runs besides its requests."""
    with exit_on_bad_settings():
        return web_app.create_api()


def create_app() -> Flask:
    """Return the API's application with the operators' commands; it accepts no actions."""
    with exit_on_bad_settings():
        app = web_app.create_app()
    register_commands(app)
    return app
