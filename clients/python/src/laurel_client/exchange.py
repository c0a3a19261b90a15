"""One request until it is answered: retries, pauses and the renewal of tokens, without any I/O.

A call is a generator: it yields requests and pauses to whoever can carry them out, is sent the
responses, and returns its result. `client.py` and `aio.py` carry them out.
"""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from laurel_client.errors import ApiError, UnreachableError

Result = TypeVar("Result")

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
NO_ANSWER = 0
"""The status of a request that no answer came to."""
_AGAIN = frozenset({NO_ANSWER, 429, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent; one that `is_repeatable` does the same, sent once or often."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = True
    needs_token: bool = True


@dataclass(frozen=True)
class Response:
    """What came back; `body` is None when it was empty or no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any] | None

    @property
    def is_ok(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def error(self) -> dict[str, Any]:
        """The error of the body; empty without one."""
        found = (self.body or {}).get("error")
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """The seconds that the server asks to wait."""
        try:
            return float(self.headers.get("retry-after", ""))
        except ValueError:
            return None


@dataclass(frozen=True)
class Pause:
    """Wait so long before the next request."""

    seconds: float


Step = Request | Pause
Call = Generator[Step, Response | None, Result]


class Retries:
    """How long a call may go on, and how long it waits between its requests.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, patience_seconds: float, clock: Callable[[], float]):
        self._clock = clock
        self._ends_at = clock() + patience_seconds
        self._pause = FIRST_PAUSE_SECONDS

    def next_pause(self, asked: float | None = None) -> Pause | None:
        """Return the next pause, at least as long as was asked for; None when it ends too late."""
        seconds = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        seconds = max(seconds, asked or 0.0)
        return None if self._clock() + seconds > self._ends_at else Pause(seconds)


def send_once(request: Request) -> Call[Response]:
    """Send a request, and return the response."""
    response = yield request
    assert response is not None, "a request is answered by a response"
    return response


def send(request: Request, retries: Retries) -> Call[Response]:
    """Send a request until it has an answer that is one.

    Raises UnreachableError when there is none in time, or ApiError for the server's last refusal.
    """
    while True:
        response = yield from send_once(request)
        if response.status not in _AGAIN or not request.is_repeatable:
            break
        pause = retries.next_pause(response.retry_after)
        if pause is None:
            break
        yield pause
    if response.status == NO_ANSWER:
        raise UnreachableError(f"{request.method} {request.path}: no answer")
    return response


def expect_ok(response: Response) -> dict[str, Any]:
    """Return the body of a 2xx. Raises ApiError for anything else."""
    if not response.is_ok:
        raise ApiError(response.status, response.error)
    return response.body or {}
