"""Flask as this API uses it: endpoints come from one table, and views that may block leave the
event loop free for others.

Without sessions and coroutine views, which took 15 of a request's 140 µs.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter, MapAdapter

from web.http.json_body import MAX_BODY_BYTES
from web.http.operation import Gate, Observer, Operation, RunsOn
from web.http.responses import Answer, make_response
from web.server.greenlets import Pool, run_in_thread
from web.server.request_body import fetch_body


class NoSessions(SessionInterface):
    """Tokens say who is asking; there are no cookies."""

    _nothing = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Return the one session, which is always empty and refuses to be written."""
        return self._nothing

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""


class ActionName(BaseConverter):
    """What names an action in a path: not the words that actions are posted to."""

    regex = "(?!(?:complete|batch)$)[^/]+"


class Api(Flask):
    """The application of the API; `operations` are the rows of its endpoints, by endpoint.

    Every request passes the `gates` before its view, and every answer is told to the `observers`.
    They stand here and not among Flask's hooks because the lean dispatch has the same ones.
    """

    session_interface = NoSessions()

    def __init__(self, name: str, operations: Iterable[Operation]):
        super().__init__(name, static_folder=None)
        # Two slashes are not one here: a redirect would turn a POST's error into something else.
        self.url_map.merge_slashes = False
        self.url_map.converters["action_name"] = ActionName
        self.operations: Mapping[str, Operation] = {row.endpoint: row for row in operations}
        self.gates: list[Gate] = []
        self.observers: list[Observer] = []
        self.before_request(self._pass_gates)
        self.after_request(self._tell_observers)
        for endpoint, row in self.operations.items():
            self.add_url_rule(row.path, endpoint, row.view, methods=[row.method])

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register a row of the table; raises LookupError for an endpoint that is not in it.

        Whether an endpoint is public, limited or blocking stands in its row only.
        """
        row = self.operations.get(endpoint or "")
        if row is None or (row.path, row.view) != (rule, view_func):
            raise LookupError(f"{rule} has no row in the table of endpoints")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

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
        """Run the view of the request where its row says."""
        endpoint = request.endpoint
        if endpoint is None:
            return super().dispatch_request()
        runs_on = self.operations[endpoint].runs_on
        if runs_on is RunsOn.EVENT_LOOP:
            return super().dispatch_request()
        fetch_body(request.environ, MAX_BODY_BYTES + 1)
        pool = Pool.MONITORING if runs_on is RunsOn.MONITORING_THREAD else Pool.BLOCKING
        return run_in_thread(super().dispatch_request, pool=pool)

    def make_response(self, rv: ResponseReturnValue | Answer) -> Response:
        """Return what a view or an error handler returned as a response."""
        return make_response(rv) if isinstance(rv, Answer) else super().make_response(rv)

    def _pass_gates(self) -> Response | None:
        """Let the request through (None), answer an OPTIONS, or raise what refuses it.

        Raises KeyError for an endpoint without a row.
        """
        endpoint = request.endpoint
        if endpoint is None:
            # No such path, or not by this method: Flask raises it after us.
            return None
        if request.method == "OPTIONS":
            return self.make_default_options_response()
        for gate in self.gates:
            gate(self.operations[endpoint])
        return None

    def _tell_observers(self, response: Response) -> Response:
        for observe in self.observers:
            observe(request.endpoint, response.status_code)
        return response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function unchanged: every view and hook of ours is an ordinary one."""
        return func
