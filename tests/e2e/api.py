"""A plain HTTP client and the bodies that clients send, without any code of Laurel."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

ANSWER_SECONDS = 15.0
# The server closes a connection that is idle for 5 s; a client that keeps one must not be later.
KEEP_SECONDS = 2.0


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def error(self) -> dict[str, Any]:
        inner: dict[str, Any] = self.body["error"]
        return inner


class Api:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        self._answered_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> Answer:
        """Return the answer to a request; underscores in header names become hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        payload = None
        if body is not None:
            payload = json.dumps(body)
            sent["Content-Type"] = "application/json"
        if time.monotonic() - self._answered_at > KEEP_SECONDS:
            self._connection.close()
        try:
            self._connection.request(method, path, payload, sent)
            response = self._connection.getresponse()
            text = response.read().decode()
            self._answered_at = time.monotonic()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text)

    def get(self, path: str, *, token: str | None = None, **headers: str) -> Answer:
        """Return the answer to a GET."""
        return self.call("GET", path, token=token, **headers)

    def complete(self, token: str, score: int, **fields: Any) -> Answer:
        """Post one action and return the answer."""
        return self.call("POST", "/api/actions/complete", action(score, **fields), token=token)

    def register(self, username: str | None = None) -> dict[str, Any]:
        """Register an account; return its name, its password and the fields of the answer."""
        name = username or f"player-{uuid4().hex[:12]}"
        account = {"username": name, "password": f"pass of {name}"}
        answer = self.call("POST", "/api/auth/register", account)
        assert answer.status == 201, answer.text
        return account | answer.body


def action(score: int, **fields: Any) -> dict[str, Any]:
    """Return the body of an action with the current time."""
    body = {
        "actionId": str(uuid4()),
        "score": score,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    return body | fields
