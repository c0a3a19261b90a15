"""What the web tests post, and what they expect of every refusal."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from werkzeug.test import TestResponse

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.store.store import Store
from tests.factories import JWT_SECRET

COMPLETE = "/api/actions/complete"
BATCH = "/api/actions/batch"
# Taken in and answered at once: nobody scores these.
AT_ONCE = {"Prefer": "respond-async"}
LEAKS = ("traceback", "psycopg", "sqlalchemy", "select ", "insert ", 'file "', JWT_SECRET.lower())

Headers = dict[str, str]


def make_body(**overrides: Any) -> dict[str, Any]:
    """Return a sound body; an override of `...` leaves the field out."""
    body = {
        "actionId": str(uuid4()),
        "score": 150,
        "timestamp": datetime.now(UTC).isoformat(),
        "metadata": {"actionType": "level_complete", "level": 5, "duration": 120000},
        **overrides,
    }
    return {name: value for name, value in body.items() if value is not ...}


def applied(action: NewAction, **overrides: Any) -> Submission:
    """Return the submission of an action that was applied as the player's first."""
    facts: dict[str, Any] = {
        "status": Status.APPLIED,
        "previous_score": 0,
        "new_score": action.score,
        "rank": 1,
    }
    result = ActionResult(action.action_id, **{**facts, **overrides})
    return Submission(action.action_id, Acceptance.ACCEPTED, result)


def assert_refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Check status, code and envelope, and that nothing leaks; returns the error."""
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    envelope = answer.get_json()
    assert envelope.keys() == {"success", "error"}
    assert envelope["success"] is False
    error: dict[str, Any] = envelope["error"]
    assert error.keys() - {"details"} == {"code", "message", "timestamp", "requestId", "docUrl"}
    assert error["docUrl"] == f"/docs#error-{code}"
    assert error["requestId"] == answer.headers["X-Request-ID"]
    assert datetime.fromisoformat(error["timestamp"]).tzinfo is not None
    assert answer.content_type == "application/json"
    lowered = answer.get_data(as_text=True).lower()
    assert not [leak for leak in LEAKS if leak in lowered]
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    return error


def count_rows(store: Store) -> int:
    """Return how many rows actions have left behind."""
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM action_ids) + (SELECT count(*) FROM action_batches)"
                " + (SELECT count(*) FROM users) + (SELECT count(*) FROM user_scores)"
            )
        )
        return int(rows.scalar_one())
