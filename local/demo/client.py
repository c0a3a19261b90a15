"""The HTTP client of the demo: sends an action until its outcome is known. One per thread."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.demo.players import Move

ANSWER_SECONDS = 15.0
GIVE_UP_SECONDS = 30.0
RETRY_SECONDS = 0.3
UNAVAILABLE = 503


@dataclass(frozen=True)
class Answer:
    """The outcome of an action as a word to count, and the seconds of its last request."""

    outcome: str
    seconds: float
    retries: int = 0


class Client:
    """A keep-alive connection to the API that is opened again when it breaks."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)

    def send(self, move: Move, stopped: Callable[[], bool]) -> Answer:
        """Post the action; repeat it with the same id while its outcome is unknown."""
        action: dict[str, Any] = {
            "actionId": move.action_id,
            "score": move.score,
            "timestamp": move.timestamp.isoformat(timespec="milliseconds"),
        }
        if move.action_type is not None:
            action["metadata"] = {"actionType": move.action_type}
        body = json.dumps(action)
        retries = 0
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            started_at = time.monotonic()
            try:
                status, answer = self._request("POST", "/api/actions/complete", move.token, body)
            except (OSError, http.client.HTTPException):
                status, answer = UNAVAILABLE, {}
            now = time.monotonic()
            if status != UNAVAILABLE:
                return Answer(outcome_of(status, answer, retries), now - started_at, retries)
            if now > deadline or stopped():
                return Answer("no answer", now - started_at, retries)
            retries += 1
            time.sleep(min(RETRY_SECONDS * retries, 2.0))

    def set_country(self, token: str, country: str) -> bool:
        """Say where the player is from; return whether the API took it."""
        body = json.dumps({"attributes": {"country": country}})
        try:
            status, _ = self._request("PATCH", "/api/users/me", token, body)
        except (OSError, http.client.HTTPException):
            return False
        return status == http.client.OK

    def leaderboard(self, token: str) -> list[dict[str, Any]]:
        """Return the top 10; an empty list while the API is not available."""
        try:
            status, answer = self._request("GET", "/api/leaderboard?limit=10", token, None)
        except (OSError, http.client.HTTPException):
            return []
        rows = answer.get("leaderboard") if status == http.client.OK else None
        return rows if isinstance(rows, list) else []

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(
        self, method: str, path: str, token: str, body: str | None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}


def outcome_of(status: int, answer: dict[str, Any], retries: int) -> str:
    """Return the word by which an answer is counted, such as `200` or `403 VELOCITY`."""
    error = answer.get("error")
    error = error if isinstance(error, dict) else {}
    details = error.get("details")
    details = details if isinstance(details, dict) else {}
    if status == http.client.CONFLICT and error.get("code") == "DUPLICATE_ACTION" and retries:
        return "200 after a retry"
    if status == http.client.FORBIDDEN:
        return f"403 {details.get('reason') or error.get('reason') or error.get('code')}"
    if status == http.client.ACCEPTED:
        return f"202 {answer.get('status', 'pending')}"
    if status == http.client.OK:
        return "200"
    return f"{status} {error.get('code', '')}".strip()
