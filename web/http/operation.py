"""The row type of the table of endpoints: every fact about one method of one path.

The rows are in `web/routes/table.py`; registration, middleware, dispatch and the OpenAPI document
derive from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from flask import Response
from marshmallow import Schema

from web.http.responses import Answer as ReadyAnswer

Answer = type[Schema] | str
"""A JSON body, or the media type of another one; empty for none."""

# What a body can be refused for before its view has read it.
BODY_ERRORS = ("MALFORMED_JSON", "INVALID_PAYLOAD", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")


class RunsOn(Enum):
    """Where a view runs."""

    EVENT_LOOP = "the event loop"
    """The view touches memory only, or leaves the loop itself where it waits."""
    THREAD = "a thread"
    MONITORING_THREAD = "a monitoring thread"
    """From a separate small pool: it must answer while all other threads wait for a store."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One method of one path.

    Without being told otherwise it needs a token, counts against the rate limits and may block.
    `path` is in werkzeug's syntax; `answers` and `errors` are statuses and codes beyond those that
    the middleware adds. `role` is what the token or API key must have; a public one that
    `takes_token` looks at it if there is one. `for_spectators` lets tokens of spectators in, which
    have no account. `is_lean` is for the few endpoints that carry the load: see
    `web/server/lean.py`.
    """

    method: str
    path: str
    view: Callable[..., Response | ReadyAnswer]
    tag: str
    answers: Mapping[int, Answer]
    errors: tuple[str, ...] = ()
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    headers: tuple[str, ...] = ()
    is_public: bool = False
    takes_token: bool = False
    for_spectators: bool = False
    role: str | None = None
    is_limited: bool = True
    runs_on: RunsOn = RunsOn.THREAD
    is_lean: bool = False

    @property
    def checks_token(self) -> bool:
        """Whether a token is looked at, if there is one."""
        return not self.is_public or self.takes_token

    @property
    def endpoint(self) -> str:
        """The name of the view, `actions.complete`: in metrics and as `operationId`."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"


Gate = Callable[[Operation], None]
"""Lets a request to this endpoint through to its view, or raises what refuses it."""
Observer = Callable[[str | None, int], None]
"""Is told the endpoint (None when there is no such) and the status of every answer."""
