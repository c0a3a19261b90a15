"""The two kinds of web process, as factories: `wsgi:create_app()` and `wsgi:create_live()`."""

from web.app import create_app, create_live

__all__ = ["create_app", "create_live"]
