"""POST /api/actions/complete and /batch: what goes to intake, and what each outcome answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.errors import DatabaseUnavailableError, OverloadedError
from domain.store.postgres.actions.intake import ORDER_LOCK_CLASS, ORDER_LOCKS
from domain.store.store import Store
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import (
    AT_ONCE,
    BATCH,
    COMPLETE,
    Headers,
    applied,
    assert_refused,
    count_rows,
    make_body,
)

Bearer = Callable[..., Headers]


def outcome(status: Status, **facts: Any) -> Callable[[NewAction], Submission]:
    """Return what answers every accepted action with this status."""

    def answer(action: NewAction) -> Submission:
        result = ActionResult(action.action_id, status, **facts)
        return Submission(action.action_id, Acceptance.ACCEPTED, result)

    return answer


def test_an_applied_action_answers_the_specification_s_body(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: applied(action, previous_score=1200, new_score=1350, rank=7)
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


def test_what_reaches_intake_is_the_token_s_player_and_the_request_s_id(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    user, body = uuid4(), make_body()
    headers = {**bearer(user, username="ann"), "X-Request-ID": "req_mine"}
    client.post(COMPLETE, json=body, headers=headers)
    (action,) = batcher.taken
    assert (action.user_id, action.username) == (user, "ann")
    assert (action.request_id, action.action_type) == ("req_mine", "level_complete")
    assert action.action_id == UUID(body["actionId"])


def test_the_request_hash_is_of_score_and_metadata_alone(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    same = [
        make_body(metadata={"a": 1, "b": 2}),
        make_body(metadata={"b": 2, "a": 1}, timestamp="2025-08-08T10:00:00Z"),
    ]
    other = [
        make_body(metadata={"a": 1, "b": 3}),
        make_body(metadata={"a": 1, "b": 2}, score=151),
        make_body(metadata=...),
        make_body(metadata={}),
    ]
    for body in same + other:
        assert client.post(COMPLETE, json=body, headers=bearer()).status_code == 200
    hashes = [action.request_hash for action in batcher.taken]
    assert hashes[0] == hashes[1]
    assert hashes[4] == hashes[5], "no metadata is the same as none in it"
    assert len(set(hashes)) == 4


@pytest.mark.parametrize("status", [Status.PENDING, Status.QUARANTINED])
def test_an_action_without_a_final_outcome_answers_202_with_its_location(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher, status: Status
) -> None:
    batcher.answer = outcome(status)
    body = make_body()
    answer = client.post(COMPLETE, json=body, headers=bearer())
    assert answer.status_code == 202
    assert answer.get_json() == {"success": True, "actionId": body["actionId"], "status": status}
    assert answer.headers["Location"] == f"/api/actions/{body['actionId']}"
    assert answer.headers["Retry-After"] == "1"


def test_a_rejected_action_answers_403_with_the_public_reason(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = outcome(Status.REJECTED, reason="SCORE_TOO_HIGH")
    error = assert_refused(
        client.post(COMPLETE, json=make_body(), headers=bearer()), 403, "FRAUD_DETECTED"
    )
    assert error["details"] == {"reason": "SCORE_TOO_HIGH"}


def test_a_failed_action_answers_500_and_says_so(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = outcome(Status.FAILED)
    error = assert_refused(
        client.post(COMPLETE, json=make_body(), headers=bearer()), 500, "INTERNAL_ERROR"
    )
    assert error["details"] == {"status": "failed"}


def test_an_answer_says_on_which_boards_the_action_does_not_count(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    boards = {"speedrun": "VALUE_MISSING"}
    batcher.answer = outcome(Status.APPLIED, new_score=5, previous_score=0, boards=boards)
    body = make_body()
    answer = client.post(COMPLETE, json=body, headers=bearer()).get_json()
    assert answer["boards"] == boards
    (result,) = client.post(BATCH, json={"actions": [body]}, headers=bearer()).get_json()["results"]
    assert result["boards"] == boards


def test_a_repeat_answers_409_with_the_stored_outcome(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: Submission(
        action.action_id,
        Acceptance.DUPLICATE,
        ActionResult(action.action_id, Status.APPLIED, None, 100, 250, 3),
    )
    body = make_body()
    answer = client.post(COMPLETE, json=body, headers=bearer())
    error = assert_refused(answer, 409, "DUPLICATE_ACTION")
    assert error["details"]["result"] == {
        "status": "applied",
        "newScore": 250,
        "previousScore": 100,
        "leaderboardPosition": 3,
    }
    assert answer.headers["Location"] == f"/api/actions/{body['actionId']}"


def test_a_repeat_of_an_archived_action_answers_that_it_is_archived(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: Submission(
        action.action_id, Acceptance.DUPLICATE, archived=True
    )
    error = assert_refused(
        client.post(COMPLETE, json=make_body(), headers=bearer()), 409, "DUPLICATE_ACTION"
    )
    assert error["details"]["result"] == {"status": "archived"}


@pytest.mark.parametrize(
    ("acceptance", "status", "code"),
    [
        (Acceptance.CONFLICT, 409, "ACTION_ID_CONFLICT"),
        (Acceptance.UNSTORABLE, 400, "INVALID_PAYLOAD"),
    ],
)
def test_a_conflict_reveals_nothing_of_the_first(
    client: FlaskClient,
    bearer: Bearer,
    batcher: RecordingBatcher,
    acceptance: Acceptance,
    status: int,
    code: str,
) -> None:
    batcher.answer = lambda action: Submission(action.action_id, acceptance)
    answer = client.post(COMPLETE, json=make_body(), headers=bearer())
    assert "details" not in assert_refused(answer, status, code)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("error", [DatabaseUnavailableError(), OverloadedError()])
def test_a_store_that_is_away_answers_503_and_when_to_come_back(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher, error: Exception
) -> None:
    def fail(_action: NewAction) -> Submission:
        raise error

    batcher.answer = fail
    answer = client.post(COMPLETE, json=make_body(), headers=bearer())
    assert_refused(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_locked_player_is_told_to_repeat_and_others_are_served(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player, body = uuid4(), make_body()
    first = intake_client.post(COMPLETE, json=make_body(), headers={**bearer(player), **AT_ONCE})
    assert first.status_code == 202
    with store.write() as other:
        lock = "SELECT pg_advisory_xact_lock(:class, :bucket)"
        bucket = player.int % ORDER_LOCKS
        other.execute(text(lock), {"class": ORDER_LOCK_CLASS, "bucket": bucket})
        headers = {**bearer(player), **AT_ONCE}
        answer = intake_client.post(COMPLETE, json=body, headers=headers)
        error = assert_refused(answer, 503, "SERVICE_UNAVAILABLE")
        assert error["message"].endswith("repeat the request with the same actionId")
        assert int(answer.headers["Retry-After"]) >= 1
        batch = intake_client.post(BATCH, json={"actions": [make_body()]}, headers=headers)
        (entry,) = batch.get_json()["results"]
        assert entry["error"]["code"] == "SERVICE_UNAVAILABLE"
        stranger = {**bearer(UUID(int=player.int ^ 1)), **AT_ONCE}
        assert intake_client.post(COMPLETE, json=make_body(), headers=stranger).status_code == 202
    again = intake_client.post(COMPLETE, json=body, headers={**bearer(player), **AT_ONCE})
    assert again.status_code == 202


@pytest.mark.parametrize(
    ("prefer", "seconds", "said"),
    [
        (None, 2.0, None),
        ("respond-async", 0, "respond-async"),
        ("Respond-Async", 0, "respond-async"),
        ("wait=5", 5, "wait=5"),
        ("wait=0", 0, "wait=0"),
        ("wait=60", 10, "wait=10"),
        ('wait="3"', 3, "wait=3"),
        ("respond-async, wait=4", 4, "respond-async, wait=4"),
        ("wait=4; x=1, handling=lenient", 4, "wait=4"),
        ("wait=1, wait=9", 1, "wait=1"),
        ("wait=-1", 2.0, None),
        ("wait=abc", 2.0, None),
        ("wait=1.5", 2.0, None),
        ("return=minimal", 2.0, None),
        ("", 2.0, None),
    ],
)
def test_the_wait_is_as_the_client_prefers(
    client: FlaskClient,
    bearer: Bearer,
    batcher: RecordingBatcher,
    prefer: str | None,
    seconds: float,
    said: str | None,
) -> None:
    headers = bearer() if prefer is None else {**bearer(), "Prefer": prefer}
    answer = client.post(COMPLETE, json=make_body(), headers=headers)
    assert batcher.waits == [seconds]
    assert answer.headers.get("Preference-Applied") == said


def test_a_batch_answers_each_action_in_order_and_a_bad_one_fails_alone(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    bodies = [make_body(score=1), make_body(score="x"), make_body(score=3), 5, {"actionId": "x"}]
    answer = client.post(BATCH, json={"actions": bodies}, headers=bearer())
    results = answer.get_json()["results"]
    assert answer.status_code == 200
    assert [action.score for action in batcher.taken] == [1, 3]
    assert results[0] == {
        "actionId": bodies[0]["actionId"],  # type: ignore[index]  # the bad one is a number
        "status": "applied",
        "newScore": 1,
        "previousScore": 0,
        "leaderboardPosition": 1,
    }
    assert results[1]["actionId"] == bodies[1]["actionId"]  # type: ignore[index]  # as above
    assert results[1]["error"]["code"] == "INVALID_PAYLOAD"
    assert list(results[1]["error"]["details"]["fields"]) == ["score"]
    assert results[2]["newScore"] == 3
    assert [result["actionId"] for result in results[3:]] == [None, None]


def test_a_batch_with_an_action_that_is_not_final_answers_202(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: (
        applied(action) if action.score == 1 else Submission(action.action_id, Acceptance.ACCEPTED)
    )
    bodies = [make_body(score=1), make_body(score=2)]
    answer = client.post(BATCH, json={"actions": bodies}, headers=bearer())
    assert answer.status_code == 202
    assert [result["status"] for result in answer.get_json()["results"]] == ["applied", "pending"]


def test_fraud_and_repeats_in_a_batch_are_errors_of_their_action(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    batcher.answer = lambda action: (
        outcome(Status.REJECTED, reason="VELOCITY")(action)
        if action.score == 1
        else Submission(action.action_id, Acceptance.CONFLICT)
    )
    bodies = [make_body(score=1), make_body(score=2)]
    answer = client.post(BATCH, json={"actions": bodies}, headers=bearer())
    first, second = (result["error"] for result in answer.get_json()["results"])
    assert answer.status_code == 200
    assert (first["code"], first["details"]) == ("FRAUD_DETECTED", {"reason": "VELOCITY"})
    assert second["code"] == "ACTION_ID_CONFLICT"


@pytest.mark.parametrize("actions", [[], [0] * 1001, "x", None, {}])
def test_a_batch_of_none_or_too_many_is_invalid(
    intake_client: FlaskClient, bearer: Bearer, store: Store, actions: Any
) -> None:
    answer = intake_client.post(BATCH, json={"actions": actions}, headers=bearer())
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert list(error["details"]["fields"]) == ["actions"]
    assert count_rows(store) == 0


def test_a_batch_of_a_thousand_is_taken(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    bodies = [make_body() for _ in range(1000)]
    answer = intake_client.post(BATCH, json={"actions": bodies}, headers={**bearer(), **AT_ONCE})
    assert answer.status_code == 202
    ids = [result["actionId"] for result in answer.get_json()["results"]]
    assert ids == [body["actionId"] for body in bodies]


def test_only_a_game_server_may_name_the_player(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    player = uuid4()
    bodies = {"actions": [make_body(userId=str(player))]}
    refused = client.post(BATCH, json=bodies, headers=bearer())
    assert list(refused.get_json()["results"][0]["error"]["details"]["fields"]) == ["userId"]
    assert batcher.taken == []
    client.post(BATCH, json=bodies, headers=bearer(roles=["service"], username="server"))
    (action,) = batcher.taken
    assert (action.user_id, action.username) == (player, None)


def test_a_game_server_sees_what_it_sent_and_players_only_their_own(
    intake_client: FlaskClient, bearer: Bearer
) -> None:
    player, body = uuid4(), make_body()
    service = bearer(roles=["service"])
    sent = {"actions": [{**body, "userId": str(player)}]}
    assert intake_client.post(BATCH, json=sent, headers={**service, **AT_ONCE}).status_code == 202
    path = f"/api/actions/{body['actionId']}"
    assert intake_client.get(path, headers=service).get_json()["status"] == "pending"
    assert intake_client.get(path, headers=bearer(player)).get_json()["score"] == body["score"]
    foreign = assert_refused(intake_client.get(path, headers=bearer()), 404, "NOT_FOUND")
    unknown = assert_refused(
        intake_client.get(f"/api/actions/{uuid4()}", headers=bearer()), 404, "NOT_FOUND"
    )
    assert foreign["message"] == unknown["message"]


def test_history_goes_back_page_by_page_without_a_gap(
    intake_client: FlaskClient, bearer: Bearer
) -> None:
    headers = {**bearer(uuid4()), **AT_ONCE}
    bodies = [make_body() for _ in range(5)]
    for body in bodies:
        assert intake_client.post(COMPLETE, json=body, headers=headers).status_code == 202
    seen: list[str] = []
    cursor = ""
    while True:
        page = intake_client.get(f"/api/actions?limit=2{cursor}", headers=headers).get_json()
        seen += [action["actionId"] for action in page["actions"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == [body["actionId"] for body in reversed(bodies)]


@pytest.mark.parametrize("metadata", [{"level": 5, "actionType": "win", "deep": [1.5]}, None])
def test_an_action_is_shown_as_it_was_sent_and_never_with_a_rank_of_now(
    intake_client: FlaskClient, bearer: Bearer, metadata: dict[str, Any] | None
) -> None:
    headers, body = {**bearer(uuid4()), **AT_ONCE}, make_body(score=7)
    body.pop("metadata", None)
    body |= {} if metadata is None else {"metadata": metadata}
    assert intake_client.post(COMPLETE, json=body, headers=headers).status_code == 202
    (listed,) = intake_client.get("/api/actions", headers=headers).get_json()["actions"]
    one = intake_client.get(f"/api/actions/{body['actionId']}", headers=headers).get_json()
    assert one == listed
    assert datetime.fromisoformat(one["timestamp"]) == datetime.fromisoformat(body["timestamp"])
    assert (one["score"], one["metadata"]) == (7, metadata)
    assert "leaderboardPosition" not in one
