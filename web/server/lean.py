"""Lean dispatch: how the few endpoints that carry the load are served without Flask's dispatch.

A row of the table with `is_lean` is found by its exact method and path in a dictionary, and its
view is called in our own request context: the same gates, the same view, the same answers to errors
and the same observers, without Flask's contexts, routing, request and response objects, which cost
more than all of them. Any other method or form of a path takes Flask's way. Such a view must run on
the event loop, use nothing of Flask's, and return an Answer.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast

from web.http.errors import answer_exception
from web.http.operation import Operation
from web.http.request_context import Environ
from web.http.responses import Answer
from web.server.flask_app import Api

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def register_lean_dispatch(app: Api) -> None:
    """Serve the lean rows of this application; headers and context are wrapped around it."""
    serve = app.wsgi_app
    rows = {
        (row.method, row.path): (endpoint, row)
        for endpoint, row in app.operations.items()
        if row.is_lean
    }

    def serve_lean(environ: Environ, start_response: Any) -> Iterable[bytes]:
        found = rows.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if found is None:
            return serve(environ, start_response)
        endpoint, row = found
        answer = _answer(app, row)
        for observe in app.observers:
            observe(endpoint, answer.status)
        start_response(STATUS_LINES[answer.status], answer.headers)
        return (answer.body,)

    app.wsgi_app = serve_lean  # type: ignore[method-assign]  # Flask's way to wrap it


def _answer(app: Api, row: Operation) -> Answer:
    try:
        for gate in app.gates:
            gate(row)
        return cast(Answer, row.view())
    except Exception as error:  # noqa: BLE001 - answered and logged, as Flask's handlers do
        return answer_exception(error)
