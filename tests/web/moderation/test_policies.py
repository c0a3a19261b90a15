"""Policies over HTTP: by whom, with which answers, against which state."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.http.bodies import Headers, assert_refused
from web.routes.table import OPERATIONS
from web.schemas.policies import PoliciesSchema, PolicySchema

PATH = "/api/moderation/policies"
DEFINITION: dict[str, Any] = {"checks": {"velocity": {"settings": {"maxPerMinute": 3}}}}


@pytest.fixture
def admin(bearer: Callable[..., Headers]) -> Headers:
    """The headers of an admin."""
    return bearer(roles=["admin"])


def post(
    client: FlaskClient, headers: Headers, path: str = "", *, tag: str | None = "*", **body: Any
) -> TestResponse:
    tags = {} if tag is None else {"If-Match": tag}
    return client.post(f"{PATH}{path}", json=body, headers={**headers, **tags})


def make(client: FlaskClient, admin: Headers, state: str = "draft", **more: Any) -> TestResponse:
    body = {"definition": DEFINITION, "state": state, "note": "stricter", **more}
    return post(client, admin, **body)


def read(client: FlaskClient, admin: Headers) -> Any:
    answer = client.get(PATH, headers=admin)
    assert answer.json is not None
    assert answer.headers["ETag"] == answer.json["etag"]
    assert PoliciesSchema().validate(answer.json) == {}
    return answer.json


def test_policies_are_for_admins_only(client: FlaskClient, bearer: Callable[..., Headers]) -> None:
    rows = [row for row in OPERATIONS if row.path.startswith(PATH)]
    assert len(rows) == 6
    for row in rows:
        path = row.path.replace("<policy_no>", "1")
        for headers in (bearer(), bearer(roles=["service", "moderator"])):
            answer = client.open(path, method=row.method, headers=headers)
            assert_refused(answer, 403, "FORBIDDEN")


def test_a_policy_that_is_made_is_shown_and_listed(client: FlaskClient, admin: Headers) -> None:
    made = make(client, admin)
    assert made.status_code == 201
    assert made.json is not None
    assert PolicySchema().validate(made.json) == {}
    assert (made.json["state"], made.json["note"]) == ("draft", "stricter")
    assert made.json["definition"]["checks"]["velocity"]["points"] == 1000
    assert client.get(made.headers["Location"], headers=admin).json == made.json
    listed = read(client, admin)
    assert listed["policies"] == [made.json]
    assert "velocity" in listed["default"]["checks"]


def test_a_policy_is_tried_made_live_and_retired(client: FlaskClient, admin: Headers) -> None:
    number = make(client, admin).json["policy"]  # type: ignore[index]
    for step, state in (("shadow", "shadow"), ("activate", "live"), ("retire", "retired")):
        answer = post(client, admin, f"/{number}/{step}", reason="as planned")
        assert answer.status_code == 200
        assert answer.json is not None
        assert answer.json["state"] == state
        assert read(client, admin)["policies"][0] == answer.json
    live = make(client, admin, "live").json["policy"]  # type: ignore[index]
    refused = post(client, admin, f"/{live}/shadow", reason="by mistake")
    assert_refused(refused, 409, "POLICY_IN_USE")


def test_a_bad_policy_is_refused_with_its_paths_and_the_old_one_stays(
    client: FlaskClient, admin: Headers
) -> None:
    make(client, admin, "live")
    before = read(client, admin)
    bad = {"holdAt": 5, "rejectAt": 5, "checks": {"telepathy": {}, "velocity": {"points": "x"}}}
    refused = make(client, admin, "live", definition=bad)
    assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert refused.json is not None
    fields = refused.json["error"]["details"]["fields"]
    assert set(fields) == {"holdAt", "checks.telepathy", "checks.velocity.points"}
    assert read(client, admin) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"definition": DEFINITION},
        {"definition": DEFINITION, "note": ""},
        {"definition": DEFINITION, "note": " \n"},
        {"definition": DEFINITION, "note": "a\u0007b"},
        {"definition": DEFINITION, "note": "x" * 1001},
        {"definition": DEFINITION, "note": "x", "state": "retired"},
        {"definition": [], "note": "x"},
        {"definition": DEFINITION, "note": "x", "by": "me"},
    ],
)
def test_a_bad_body_is_refused(client: FlaskClient, admin: Headers, body: Any) -> None:
    answer = client.post(PATH, json=body, headers={**admin, "If-Match": "*"})
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert read(client, admin)["policies"] == []


def test_a_change_without_a_reason_is_refused(client: FlaskClient, admin: Headers) -> None:
    number = make(client, admin).json["policy"]  # type: ignore[index]
    for step in ("activate", "shadow", "retire"):
        assert_refused(post(client, admin, f"/{number}/{step}"), 400, "INVALID_PAYLOAD")
        blank = post(client, admin, f"/{number}/{step}", reason=" ")
        assert_refused(blank, 400, "INVALID_PAYLOAD")


def test_who_does_not_know_the_newest_state_changes_nothing(
    client: FlaskClient, admin: Headers
) -> None:
    number = make(client, admin).json["policy"]  # type: ignore[index]
    tag = read(client, admin)["etag"]
    made = make(client, admin, "live")
    assert made.status_code == 201
    path = f"/{number}/activate"
    for old in (tag, f"W/{tag}", "no tag", '"0"'):
        refused = post(client, admin, path, tag=old, reason="late")
        assert_refused(refused, 412, "PRECONDITION_FAILED")
    missing = post(client, admin, path, tag=None, reason="late")
    assert_refused(missing, 428, "PRECONDITION_REQUIRED")
    body = {"definition": DEFINITION, "state": "live", "note": "late"}
    assert_refused(post(client, admin, tag=None, **body), 428, "PRECONDITION_REQUIRED")
    now = read(client, admin)["etag"]
    assert post(client, admin, path, tag=f'"other", {now}', reason="seen").status_code == 200


@pytest.mark.parametrize("number", ["0", "999999", "-1", "x", "1" * 30, "%C2%B2", "4294967296"])
def test_an_unknown_policy_is_not_found(client: FlaskClient, admin: Headers, number: str) -> None:
    assert_refused(client.get(f"{PATH}/{number}", headers=admin), 404, "NOT_FOUND")
    for step in ("activate", "shadow", "retire"):
        refused = post(client, admin, f"/{number}/{step}", reason="x")
        assert_refused(refused, 404, "NOT_FOUND")
