"""Flask as this API uses it: without sessions, and without views that are coroutines.

Asking for both on every request took about 15 of its 140 µs.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import BaseConverter


class NoSessions(SessionInterface):
    """Tokens say who is asking; there are no cookies."""

    _nothing = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Return the one session that is always empty and refuses to be written."""
        return self._nothing

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""


class ActionName(BaseConverter):
    """What names an action in a path: not the words that actions are posted to."""

    regex = "(?!(?:complete|batch)$)[^/]+"


class Api(Flask):
    """The application of the API."""

    session_interface = NoSessions()

    def __init__(self, name: str):
        super().__init__(name, static_folder=None)
        # Two slashes are not one here: a redirect would turn a POST's error into something else.
        self.url_map.merge_slashes = False
        self.url_map.converters["action_name"] = ActionName

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is: every view and hook of ours is an ordinary one."""
        return func
