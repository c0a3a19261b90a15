"""Traces over HTTP: why an action is what it is."""

from uuid import UUID, uuid4

from flask.testing import FlaskClient

from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.moderation.deciding import Decision
from tests.archives import MARCH
from tests.factories import make_action, make_player, make_stored_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import decide, hold_actions, reject_action
from tests.pipeline import complete_actions
from tests.verification import change
from tests.web.http.bodies import Headers, assert_refused
from web.schemas.moderation.trace_answers import TraceSchema
from workers.context import WorkerContext


def path_of(action_id: UUID) -> str:
    return f"/api/moderation/actions/{action_id}/trace"


def test_an_unknown_action_has_no_trace(client: FlaskClient, moderator: Headers) -> None:
    assert_refused(client.get(path_of(uuid4()), headers=moderator), 404, "NOT_FOUND")


def test_a_trace_tells_every_check_each_decision_and_their_audit_entries(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    (action,) = hold_actions(context)
    decide(context, action, Decision.REJECT)
    traced = client.get(path_of(action.action_id), headers=moderator).get_json()
    assert TraceSchema().validate(traced) == {}
    assert (traced["status"], traced["verdict"], traced["isArchived"]) == (
        "rejected",
        "reject",
        False,
    )
    assert traced["thresholds"] == {"holdAt": 100, "rejectAt": 1000}
    found = {check["check"]: check for check in traced["checks"]}
    assert list(found) == list(CHECKS_BY_NAME)
    burst = found["score_burst"]
    assert (burst["outcome"], burst["reason"], burst["seen"]) == ("found", "SCORE_BURST", 100)
    assert found["velocity"] == {"check": "velocity", "outcome": "pass"}
    (decision,) = traced["decisions"]
    assert (decision["kind"], decision["reason"]) == ("reject", "seen")
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
    traced = client.get(path_of(action.action_id), headers=moderator).get_json()
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
        ' VALUES (\'retired\', \'{"holdAt": 7, "rejectAt": 70.5,'
        ' "checks": {"velocity": {"points": 1}}}\', \'\', \'x\')'
        " RETURNING policy_no) UPDATE user_actions SET policy_no = (SELECT policy_no FROM made)",
    )
    traced = client.get(path_of(action.action_id), headers=moderator).get_json()
    outcomes = {check["check"]: check["outcome"] for check in traced["checks"]}
    assert traced["thresholds"] == {"holdAt": 7, "rejectAt": 70.5}
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
    answer = client.get(path_of(action.action_id), headers=moderator)
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
    decide(context, action, Decision.RELEASE)
    archived = make_stored_action(store, make_player(store), at=MARCH)
    change(store, "DELETE FROM user_actions WHERE action_id = :id", id=archived)
    change(store, "DELETE FROM user_actions WHERE action_id = :id", id=action.action_id)
    traced = client.get(path_of(archived), headers=moderator).get_json()
    assert TraceSchema().validate(traced) == {}
    assert (traced["isArchived"], traced["status"], traced["checks"]) == (True, None, [])
    traced = client.get(path_of(action.action_id), headers=moderator).get_json()
    assert traced["isArchived"] is True
    assert [each["status"] for each in traced["transitions"]] == ["quarantined", "applied"]
