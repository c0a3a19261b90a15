"""The web processes as factories: `create_front` and `create_live` for servers, `create_app` for
command lines (`flask --app wsgi …`)."""

from web.app import create_app, create_front, create_live

__all__ = ["create_app", "create_front", "create_live"]
