"""Flask as this API uses it: views that may block leave the event loop to others meanwhile.

And without sessions and views that are coroutines, which took 15 of a request's 140 µs.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter, MapAdapter

from web.http.json_body import MAX_BODY_BYTES
from web.server.greenlets import run_in_thread
from web.server.request_body import fetch_body

# The views that touch memory only, or say themselves where they wait. All others have a thread.
PROMPT_ENDPOINTS = frozenset(
    {"actions.batch", "actions.complete", "health.live", "leaderboard.top"}
)
# Asked most when most is wrong: their threads are their own.
WATCH_BLUEPRINTS = frozenset({"health", "metrics"})


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

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the request's view: by its path, whatever host it asks for."""
        if request is None:
            return None
        return MapAdapter(
            self.url_map,
            server_name="",
            script_name="/",
            subdomain="",
            url_scheme=request.scheme,
            path_info=request.path,
            default_method=request.method,
            query_args=request.query_string.decode("latin-1"),
        )

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view of the request."""
        if request.endpoint is None or request.endpoint in PROMPT_ENDPOINTS:
            return super().dispatch_request()
        fetch_body(request.environ, MAX_BODY_BYTES + 1)
        watches = request.blueprint in WATCH_BLUEPRINTS
        return run_in_thread(super().dispatch_request, for_monitoring=watches)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is: every view and hook of ours is an ordinary one."""
        return func
