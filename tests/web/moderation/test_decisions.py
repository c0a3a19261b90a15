"""Decisions and traces over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.actions.model import NewAction
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import (
    fail_action,
    find_case_of,
    hold_actions,
    list_act_kinds,
)
from tests.pipeline import complete_actions, finish_batch
from tests.verification import find_broken
from tests.web.http.bodies import Headers, assert_refused
from web.routes.moderation import decisions
from web.schemas.moderation.answers import DecidedSchema
from web.schemas.moderation.trace_answers import TraceSchema
from workers.context import WorkerContext

REASON = "scripted, see the trace"


@pytest.fixture(autouse=True)
def submitted(context: WorkerContext, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The pipeline carries out what is submitted, at once."""
    batches: list[UUID] = []

    def submit(batch_id: UUID, *, stage: object) -> None:
        batches.append(batch_id)
        finish_batch(context, batch_id)

    monkeypatch.setattr(decisions, "submit_batch", submit)
    return batches


def path_of(action: NewAction | UUID, what: str = "decision") -> str:
    action_id = action if isinstance(action, UUID) else action.action_id
    return f"/api/moderation/actions/{action_id}/{what}"


def post(client: FlaskClient, headers: Headers, action: NewAction, decision: str) -> TestResponse:
    body = {"decision": decision, "reason": REASON}
    return client.post(path_of(action), headers=headers, json=body)


@pytest.mark.parametrize(("decision", "status"), [("release", "applied"), ("reject", "rejected")])
def test_a_decision_is_answered_with_what_became_of_the_action(
    client: FlaskClient, context: WorkerContext, moderator: Headers, decision: str, status: str
) -> None:
    (action,) = hold_actions(context)
    answer = post(client, moderator, action, decision)
    assert answer.status_code == 200
    assert DecidedSchema().validate(answer.get_json()) == {}
    assert answer.get_json()["status"] == status
    assert answer.headers["Location"] == path_of(action, "trace")
    (row,) = fetch(context.store, "SELECT status, reason FROM user_actions")
    assert row.status == status
    assert list_act_kinds(context.store) == [decision]
    assert find_broken(context.store, context.settings) == {}


def test_an_applied_action_is_voided_appealed_against_and_restored(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    bearer: Callable[..., Headers],
) -> None:
    action = make_action()
    complete_actions(context, [action])
    voided = post(client, moderator, action, "void")
    assert (voided.status_code, voided.get_json()["status"]) == (200, "voided")
    path, own = f"/api/actions/{action.action_id}", bearer(action.user_id)
    body = {"message": "I was there, ask my team."}
    assert client.post(f"{path}/appeal", headers=own, json=body).status_code == 201
    case_id = find_case_of(context.store, action.user_id)
    restored = post(client, moderator, action, "restore")
    assert (restored.status_code, restored.get_json()["status"]) == (200, "applied")
    assert client.get(path, headers=own).get_json()["appeal"]["state"] == "granted"
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    assert TraceSchema().validate(traced) == {}
    assert [each["status"] for each in traced["transitions"]] == ["applied", "voided", "applied"]
    assert [act["kind"] for act in traced["decisions"]] == ["void", "restore"]
    assert traced["decisions"][1]["caseId"] == str(case_id)
    shown = client.get(f"/api/moderation/cases/{case_id}", headers=moderator).get_json()
    assert shown["state"] == "closed"
    assert find_broken(context.store, context.settings) == {}


def test_an_applied_action_is_held_and_released_in_the_player_s_case(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    bearer: Callable[..., Headers],
) -> None:
    action = make_action()
    complete_actions(context, [action])
    held = post(client, moderator, action, "hold")
    assert (held.status_code, held.get_json()["status"]) == (200, "quarantined")
    own = client.get(f"/api/actions/{action.action_id}", headers=bearer(action.user_id)).get_json()
    assert (own["status"], own["reason"]) == ("quarantined", "HELD_BY_MODERATOR")
    case_id = find_case_of(context.store, action.user_id)
    shown = client.get(f"/api/moderation/cases/{case_id}", headers=moderator).get_json()
    assert [each["actionId"] for each in shown["held"]] == [str(action.action_id)]
    assert post(client, moderator, action, "release").get_json()["status"] == "applied"
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    assert [act["kind"] for act in traced["decisions"]] == ["hold", "release"]
    assert [each["status"] for each in traced["transitions"]] == [
        "applied",
        "quarantined",
        "applied",
    ]
    assert find_broken(context.store, context.settings) == {}


def test_a_failed_action_is_retried(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    action = make_action()
    fail_action(context, action)
    refused = assert_refused(post(client, moderator, action, "release"), 409, "STATUS_CONFLICT")
    assert refused["details"] == {"status": "failed"}
    retried = post(client, moderator, action, "retry")
    assert (retried.status_code, retried.get_json()["status"]) == (200, "applied")
    assert DecidedSchema().validate(retried.get_json()) == {}
    assert list_act_kinds(context.store) == ["retry"]
    assert find_broken(context.store, context.settings) == {}


def test_nobody_holds_or_retries_their_own_and_what_another_has_claimed(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    other: Headers,
    bearer: Callable[..., Headers],
) -> None:
    (held,) = hold_actions(context)
    applied, failed = make_action(user_id=held.user_id), make_action(user_id=held.user_id)
    complete_actions(context, [applied])
    fail_action(context, failed)
    case_id = find_case_of(context.store, held.user_id)
    assert client.post(f"/api/moderation/cases/{case_id}/claim", headers=other).status_code == 200
    own = bearer(held.user_id, roles=["moderator"])
    for action, decision in ((applied, "hold"), (failed, "retry")):
        assert_refused(post(client, own, action, decision), 403, "FORBIDDEN")
        assert_refused(post(client, moderator, action, decision), 409, "CASE_CLAIMED")
    assert list_act_kinds(context.store) == ["claim"]
    assert post(client, other, applied, "hold").get_json()["status"] == "quarantined"
    assert post(client, other, failed, "retry").get_json()["status"] == "applied"


def test_of_two_voids_at_once_one_is_taken(
    app: Flask, context: WorkerContext, moderator: Headers, other: Headers
) -> None:
    action = make_action()
    complete_actions(context, [action])
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda headers: post(app.test_client(), headers, action, "void"),
                [moderator, other],
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert list_act_kinds(context.store) == ["void"]
    assert find_broken(context.store, context.settings) == {}


def test_a_decision_that_takes_longer_than_the_wait_is_pending(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decisions, "submit_batch", lambda *_, **__: None)
    (action,) = hold_actions(context)
    headers = {**moderator, "Prefer": "respond-async"}
    answer = post(client, headers, action, "release")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "pending")
    assert (answer.headers["Retry-After"], answer.headers["Preference-Applied"]) == (
        "1",
        "respond-async",
    )


def test_a_decision_that_does_not_fit_is_told_the_status(
    client: FlaskClient, context: WorkerContext, moderator: Headers, submitted: list[UUID]
) -> None:
    action = make_action()
    complete_actions(context, [action])
    error = assert_refused(post(client, moderator, action, "reject"), 409, "STATUS_CONFLICT")
    assert error["details"] == {"status": "applied"}
    assert submitted == []
    assert list_act_kinds(context.store) == []


def test_another_moderator_s_claim_refuses_the_decision(
    client: FlaskClient, context: WorkerContext, moderator: Headers, other: Headers
) -> None:
    (action,) = hold_actions(context)
    case_id = find_case_of(context.store, action.user_id)
    assert client.post(f"/api/moderation/cases/{case_id}/claim", headers=other).status_code == 200
    assert_refused(post(client, moderator, action, "release"), 409, "CASE_CLAIMED")
    assert post(client, other, action, "release").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"decision": "release"}, "reason"),
        ({"decision": "release", "reason": None}, "reason"),
        ({"decision": "release", "reason": " \n "}, "reason"),
        ({"decision": "release", "reason": "x" * 1001}, "reason"),
        ({"decision": "release", "reason": "a\u0007b"}, "reason"),
        ({"decision": "release", "reason": 7}, "reason"),
        ({"decision": "hold"}, "reason"),
        ({"decision": "HOLD", "reason": "x"}, "decision"),
        ({"decision": "", "reason": "x"}, "decision"),
        ({"reason": "x"}, "decision"),
        ({"decision": "release", "reason": "x", "by": "me"}, "by"),
    ],
)
def test_a_decision_without_a_reason_or_of_another_kind_changes_nothing(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    body: dict[str, Any],
    field: str,
) -> None:
    (action,) = hold_actions(context)
    answer = client.post(path_of(action), headers=moderator, json=body)
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}
    assert fetch(context.store, "SELECT status FROM user_actions")[0].status == "quarantined"
    assert list_act_kinds(context.store) == []


def test_a_reason_with_nul_is_refused(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    (action,) = hold_actions(context)
    answer = client.post(
        path_of(action),
        headers=moderator,
        data=b'{"decision": "release", "reason": "a\\u0000b"}',
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert list_act_kinds(context.store) == []


def test_an_unknown_action_is_not_found(client: FlaskClient, moderator: Headers) -> None:
    body = {"decision": "release", "reason": REASON}
    assert_refused(client.post(path_of(uuid4()), headers=moderator, json=body), 404, "NOT_FOUND")


def test_of_two_decisions_at_once_one_is_taken(
    app: Flask, context: WorkerContext, moderator: Headers, other: Headers
) -> None:
    for _ in range(3):
        (action,) = hold_actions(context)
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda chosen: post(app.test_client(), chosen[0], action, chosen[1]),  # noqa: B023
                    [(moderator, "release"), (other, "reject")],
                )
            )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
    # Who came second saw it pending, or what became of it.
    assert len(list_act_kinds(context.store)) == 3
    assert find_broken(context.store, context.settings) == {}
