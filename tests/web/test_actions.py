"""POST /api/actions/complete and /batch: what goes to intake, and what each outcome answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from domain.actions.model import Acceptance, Status, Submission
from tests.web.conftest import Headers, RecordingBatcher, applied

COMPLETE = "/api/actions/complete"


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


def test_an_applied_action_answers_the_specification_s_body(
    client: FlaskClient, bearer: Callable[..., Headers], batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: applied(
        action, previous_score=1200, new_score=1350, leaderboard_position=7
    )
    body = make_body()
    answer = client.post(COMPLETE, json=body, headers=bearer())
    assert answer.status_code == 200
    assert answer.get_json() == {
        "success": True,
        "newScore": 1350,
        "previousScore": 1200,
        "leaderboardPosition": 7,
        "actionId": body["actionId"],
    }


def test_a_pending_action_answers_202_with_its_location(
    client: FlaskClient, bearer: Callable[..., Headers], batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: Submission(action.action_id, Acceptance.ACCEPTED)
    body = make_body()
    answer = client.post(COMPLETE, json=body, headers=bearer())
    assert answer.status_code == 202
    assert answer.get_json() == {
        "success": True,
        "actionId": body["actionId"],
        "status": Status.PENDING,
    }
    assert answer.headers["Location"] == f"/api/actions/{body['actionId']}"
    assert answer.headers["Retry-After"] == "1"
