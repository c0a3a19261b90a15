"""Cases over HTTP: by whom, with which answers, and what is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from tests.integration.moderation.moderating import (
    MODERATOR,
    find_case_of,
    hold_actions,
    list_act_kinds,
    list_case_rows,
    reject_action,
)
from tests.web.http.bodies import Headers, assert_refused
from web.routes.moderation.operations import MODERATION_OPERATIONS
from web.schemas.moderation.answers import CaseDetailsSchema, CasesSchema, ClaimedSchema
from workers.context import WorkerContext

CASES = "/api/moderation/cases"
REASON = {"reason": "talked to the player"}


def test_every_endpoint_of_moderators_is_for_them_and_for_admins(
    client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    assert len(MODERATION_OPERATIONS) >= 11
    for row in MODERATION_OPERATIONS:
        path = row.path.replace("<check>", "velocity")
        for name in ("case_id", "action_id", "user_id"):
            path = path.replace(f"<{name}>", str(uuid4()))
        for headers in (bearer(), bearer(roles=["service", "player"])):
            assert_refused(client.open(path, method=row.method, headers=headers), 403, "FORBIDDEN")
        for role in ("moderator", "admin"):
            answer = client.open(path, method=row.method, headers=bearer(roles=[role]))
            assert answer.status_code in (200, 400, 404, 415), row.path


def test_cases_are_listed_and_shown(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    (first, _), (second,) = hold_actions(context, count=2), hold_actions(context)
    listed = client.get(CASES, headers=moderator, query_string={"limit": 1}).get_json()
    assert CasesSchema().validate(listed) == {}
    assert [case["userId"] for case in listed["cases"]] == [str(second.user_id)]
    more = {"cursor": listed["nextCursor"], "limit": 1}
    last = client.get(CASES, headers=moderator, query_string=more).get_json()
    (case,) = last["cases"]
    assert last["nextCursor"] is None
    assert (case["userId"], case["heldActions"], case["heldScore"], case["reasons"]) == (
        str(first.user_id),
        2,
        200,
        {"SCORE_BURST": 2},
    )
    shown = client.get(f"{CASES}/{case['caseId']}", headers=moderator).get_json()
    assert CaseDetailsSchema().validate(shown) == {}
    assert {name: shown[name] for name in case} == case
    assert str(first.action_id) in {held["actionId"] for held in shown["held"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"claimed": "perhaps"}, "claimed"),
        ({"user": "somebody"}, "user"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "YTE"}, "cursor"),
        ({"cursor": "YzEuMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA"}, "cursor"),
    ],
)
def test_a_bad_filter_is_named(
    client: FlaskClient, moderator: Headers, query: dict[str, str], field: str
) -> None:
    answer = client.get(CASES, headers=moderator, query_string=query)
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}


def test_foreign_and_unknown_cases_are_not_found(client: FlaskClient, moderator: Headers) -> None:
    path = f"{CASES}/{uuid4()}"
    for answer in (
        client.get(path, headers=moderator),
        client.post(f"{path}/claim", headers=moderator),
        client.delete(f"{path}/claim", headers=moderator),
        client.post(f"{path}/close", headers=moderator, json=REASON),
    ):
        assert_refused(answer, 404, "NOT_FOUND")
    assert_refused(client.get(f"{CASES}/1", headers=moderator), 400, "INVALID_PAYLOAD")


def test_a_second_claim_is_told_whose_and_until_when_the_first_is(
    client: FlaskClient, context: WorkerContext, moderator: Headers, other: Headers
) -> None:
    path = f"{CASES}/{find_case_of(context.store, hold_actions(context)[0].user_id)}"
    claimed = client.post(f"{path}/claim", headers=moderator).get_json()
    assert ClaimedSchema().validate(claimed) == {}
    assert claimed["by"] == MODERATOR
    error = assert_refused(client.post(f"{path}/claim", headers=other), 409, "CASE_CLAIMED")
    assert error["details"] == {"by": MODERATOR, "until": claimed["until"]}
    assert_refused(client.delete(f"{path}/claim", headers=other), 409, "CASE_CLAIMED")
    refused = client.post(f"{path}/close", headers=other, json=REASON)
    assert_refused(refused, 409, "CASE_CLAIMED")
    (row,) = list_case_rows(context.store)
    assert (row.claimed_by, row.state) == (MODERATOR, "open")
    until = datetime.fromisoformat(claimed["until"])
    assert row.claimed_at + timedelta(minutes=30) == until
    shown: dict[str, Any] = client.get(path, headers=other).get_json()
    assert shown["claim"] == {
        "by": MODERATOR,
        "username": None,
        "until": claimed["until"],
        "isMine": False,
    }
    assert client.delete(f"{path}/claim", headers=moderator).status_code == 204
    assert client.post(f"{path}/claim", headers=other).status_code == 200
    assert list_act_kinds(context.store) == ["claim", "unclaim", "claim"]


def test_a_case_is_closed_with_a_reason_and_only_without_held_actions(
    client: FlaskClient, context: WorkerContext, moderator: Headers, bearer: Callable[..., Headers]
) -> None:
    (held,), rejected = hold_actions(context), reject_action(context)
    path = f"{CASES}/{find_case_of(context.store, held.user_id)}/close"
    assert_refused(client.post(path, headers=moderator, json=REASON), 409, "CASE_UNDECIDED")
    appealed = client.post(
        f"/api/actions/{rejected.action_id}/appeal",
        headers=bearer(rejected.user_id),
        json={"message": "it was me"},
    )
    assert appealed.status_code == 201
    path = f"{CASES}/{find_case_of(context.store, rejected.user_id)}/close"
    refused = client.post(path, headers=moderator, json={})
    assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert client.post(path, headers=moderator, json=REASON).status_code == 204
    assert_refused(client.post(path, headers=moderator, json=REASON), 409, "CASE_CLOSED")
    shown = client.get(
        f"/api/actions/{rejected.action_id}", headers=bearer(rejected.user_id)
    ).get_json()
    assert shown["appeal"]["state"] == "declined"
    assert list_act_kinds(context.store) == ["close"]


def test_nobody_claims_their_own_case(
    client: FlaskClient, context: WorkerContext, bearer: Callable[..., Headers]
) -> None:
    player: UUID = hold_actions(context)[0].user_id
    path = f"{CASES}/{find_case_of(context.store, player)}/claim"
    own = bearer(player, roles=["admin"])
    assert_refused(client.post(path, headers=own), 403, "FORBIDDEN")
    assert list_case_rows(context.store)[0].claimed_by is None
