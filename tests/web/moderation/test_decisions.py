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
from domain.fraud.checks.table import CHECKS_BY_NAME
from tests.archives import MARCH
from tests.factories import make_action, make_player, make_stored_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import (
    decide,
    find_case_of,
    hold_actions,
    list_act_kinds,
    reject_action,
)
from tests.pipeline import complete_actions, finish_batch
from tests.verification import change, find_broken
from tests.web.http.bodies import Headers, assert_refused
from web.routes.moderation import decisions
from web.schemas.moderation.answers import DecidedSchema, TraceSchema
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
        ({"decision": "retry", "reason": "x"}, "decision"),
        ({"decision": "hold", "reason": "x"}, "decision"),
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
    assert_refused(client.get(path_of(uuid4(), "trace"), headers=moderator), 404, "NOT_FOUND")


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


def test_a_trace_tells_every_check_each_decision_and_their_audit_entries(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    (action,) = hold_actions(context)
    assert post(client, moderator, action, "reject").status_code == 200
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    assert TraceSchema().validate(traced) == {}
    assert (traced["status"], traced["verdict"], traced["isArchived"]) == (
        "rejected",
        "reject",
        False,
    )
    found = {check["check"]: check for check in traced["checks"]}
    assert list(found) == list(CHECKS_BY_NAME)
    burst = found["score_burst"]
    assert (burst["outcome"], burst["reason"], burst["seen"]) == ("found", "SCORE_BURST", 100)
    assert found["velocity"] == {"check": "velocity", "outcome": "pass"}
    (decision,) = traced["decisions"]
    assert (decision["kind"], decision["reason"]) == ("reject", REASON)
    rows = fetch(context.store, "SELECT seq, encode(hash, 'hex') AS hash FROM audit_log ORDER BY 1")
    first, second = traced["transitions"]
    assert [(first["seq"], first["hash"]), (decision["seq"], decision["hash"])] == [
        tuple(row) for row in rows[:2]
    ]
    assert (first["status"], second["status"], second["seq"]) == ("quarantined", "rejected", 3)
    assert (first["version"], second["version"]) == (1, 2)


def test_a_trace_of_what_passed_lists_every_check_as_passed(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    action = make_action()
    complete_actions(context, [action])
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    assert {check["outcome"] for check in traced["checks"]} == {"pass"}
    assert len(traced["checks"]) == len(CHECKS_BY_NAME)
    assert traced["decisions"] == []
    assert [each["status"] for each in traced["transitions"]] == ["applied"]
    assert (traced["client"], traced["stepUp"]) == (None, "none")


def test_a_check_that_the_policy_is_without_is_off(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    action = make_action()
    complete_actions(context, [action])
    change(
        context.store,
        "WITH made AS (INSERT INTO fraud_policies (state, definition, note, created_by)"
        " VALUES ('retired', '{\"checks\": {\"velocity\": {\"points\": 1}}}', '', 'x')"
        " RETURNING policy_no) UPDATE user_actions SET policy_no = (SELECT policy_no FROM made)",
    )
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    outcomes = {check["check"]: check["outcome"] for check in traced["checks"]}
    assert outcomes.pop("velocity") == "pass"
    assert set(outcomes.values()) == {"off"}


def test_a_trace_names_the_client_by_labels_and_not_by_its_hashes(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    action = reject_action(context)
    device, address = uuid4(), uuid4()
    change(
        context.store,
        "WITH made AS (INSERT INTO clients (device, names_device, address, country, is_hosting)"
        " VALUES (:device, true, :address, 'DE', true) RETURNING client_no)"
        " UPDATE user_actions SET client_no = (SELECT client_no FROM made), step_up = 2",
        device=device,
        address=address,
    )
    answer = client.get(path_of(action, "trace"), headers=moderator)
    shown = answer.get_json()["client"]
    assert (shown["country"], shown["isHosting"]) == ("DE", True)
    assert len({shown["device"], shown["address"]}) == 2
    for hash_ in (device, address):
        assert str(hash_) not in answer.text
        assert hash_.hex not in answer.text
    assert answer.get_json()["stepUp"] == "signature"


def test_a_trace_of_an_archived_action_has_its_decisions(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    store = context.store
    (action,) = hold_actions(context)
    decide(context, action, decisions.Decision.RELEASE)
    archived = make_stored_action(store, make_player(store), at=MARCH)
    change(store, "DELETE FROM user_actions WHERE action_id = :id", id=archived)
    change(store, "DELETE FROM user_actions WHERE action_id = :id", id=action.action_id)
    traced = client.get(path_of(archived, "trace"), headers=moderator).get_json()
    assert TraceSchema().validate(traced) == {}
    assert (traced["isArchived"], traced["status"], traced["checks"]) == (True, None, [])
    traced = client.get(path_of(action, "trace"), headers=moderator).get_json()
    assert traced["isArchived"] is True
    assert [each["status"] for each in traced["transitions"]] == ["quarantined", "applied"]
