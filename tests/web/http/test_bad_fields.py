"""Fields of an action that are not in the contract, and what looks odd and is; "Fields"."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.store.store import Store
from tests.web.http.bodies import (
    AT_ONCE,
    COMPLETE,
    Headers,
    assert_refused,
    count_rows,
    make_body,
)

Bearer = Callable[..., Headers]
ID = "550e8400-e29b-41d4-a716-446655440000"
SOON = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")


# Control, zero-width, bidirectional, separating, filling and varying characters.
UNSEEN = (
    "\t\n\x1b\x7f\x85\xad\u034f\u061c\u115f\u180e\u200b\u200d\u200f\u2028\u202e\u2060\u2066\u2800\u3164"
    "\ufe0f\ufeff\uffa0\U000e0041\U000e0100"
)


def number_of(cases: list[tuple[str, Any]]) -> list[str]:
    """Return names for the cases that are the same in every process of a test run."""
    return [f"{name}-{number}" for number, (name, _) in enumerate(cases)]


REFUSED: list[tuple[str, Any]] = [
    ("actionId", ...),
    ("score", ...),
    ("timestamp", ...),
    ("actionId", "abc"),
    ("actionId", ""),
    ("actionId", 123),
    ("actionId", None),
    ("actionId", []),
    ("actionId", f"{{{ID}}}"),
    ("actionId", f"urn:uuid:{ID}"),
    ("actionId", ID.replace("-", "")),
    ("actionId", "550e840-0e29b-41d4-a716-4466554400000"),
    ("actionId", ID[:-1] + "０"),  # a full-width digit
    ("actionId", f" {ID}"),
    ("actionId", f"{ID}\n"),
    ("actionId", "00000000-0000-0000-0000-000000000000"),
    ("actionId", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("actionId", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
    ("score", True),
    ("score", False),
    ("score", "150"),
    ("score", " 150 "),
    ("score", "1_000"),
    ("score", "١٥٠"),  # Arabic digits
    ("score", "１５０"),  # full-width digits
    ("score", 150.0),
    ("score", 150.5),
    ("score", 1e2),
    ("score", -1),
    ("score", -0.0),
    ("score", 2**31),
    ("score", 2**63),
    ("score", 2**64),
    ("score", None),
    ("score", {}),
    ("score", []),
    ("timestamp", SOON),  # without a zone
    ("timestamp", SOON[:10]),
    ("timestamp", 1754647200),
    ("timestamp", None),
    ("timestamp", ""),
    ("timestamp", "20250808T100000Z"),
    ("timestamp", SOON.replace("T", " ") + "Z"),
    ("timestamp", "2025-02-30T10:00:00Z"),
    ("timestamp", "2025-08-08T10:00:60Z"),
    ("timestamp", "2025-08-08T24:00:00Z"),
    ("timestamp", SOON + "+25:00"),
    ("timestamp", SOON + "+23:60"),
    ("timestamp", SOON + "+00"),
    ("timestamp", SOON + ",5Z"),
    ("timestamp", "0001-01-01T00:00:00+23:59"),
    ("timestamp", "9999-12-31T23:59:59-23:59"),
    ("timestamp", "0000-01-01T00:00:00Z"),
    ("timestamp", "٢٠٢٥-08-08T10:00:00Z"),
    ("metadata", []),
    ("metadata", "text"),
    ("metadata", None),
    ("metadata", 5),
    ("metadata", {"x": "y" * 4096}),
    ("metadata", {f"k{number}": 1 for number in range(51)}),
    ("metadata", {"a": {f"k{number}": 1 for number in range(50)}}),
    ("metadata", {"k" * 65: 1}),
    ("metadata", {"a": [{"k" * 65: 1}]}),
    ("metadata", {"actionType": "t" * 101}),
    ("metadata", {"actionType": 5}),
    ("metadata", {"actionType": None}),
    *(("metadata", {"actionType": f"a{character}b"}) for character in UNSEEN),
    *(("metadata", {f"a{character}b": 1}) for character in UNSEEN),
    ("metadata", {"a": [{"b\u202e": 1}]}),
    ("metadata", {"duration": -1}),
    ("metadata", {"duration": -0.5}),
    ("metadata", {"duration": True}),
    ("metadata", {"duration": "5"}),
    ("metadata", {"duration": None}),
    ("metadata", {"duration": [5]}),
    ("metadata", {"duration": -(10**30)}),
    ("userId", str(uuid4())),
    ("newScore", 5),
    ("isAdmin", True),
    ("status", "applied"),
    ("createdAt", "2025-08-08T10:00:00Z"),
    ("user_id", str(uuid4())),
    ("action_id", str(uuid4())),
]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=number_of(REFUSED))
def test_a_field_that_is_not_in_the_contract_is_named(
    intake_client: FlaskClient, bearer: Bearer, store: Store, field: str, value: Any
) -> None:
    answer = intake_client.post(COMPLETE, json=make_body(**{field: value}), headers=bearer())
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert list(error["details"]["fields"]) == [field]
    assert count_rows(store) == 0


def test_every_bad_field_is_named_at_once(intake_client: FlaskClient, bearer: Bearer) -> None:
    body = make_body(actionId="x", score="y", timestamp=..., metadata=5, extra=1)
    error = assert_refused(
        intake_client.post(COMPLETE, json=body, headers=bearer()), 400, "INVALID_PAYLOAD"
    )
    assert error["details"]["fields"].keys() == {
        "actionId",
        "score",
        "timestamp",
        "metadata",
        "extra",
    }


TAKEN: list[tuple[str, Any]] = [
    ("metadata", ...),
    ("metadata", {}),
    ("actionId", str(UUID(ID)).upper()),
    ("actionId", "c232ab00-9414-11ec-b3c8-9f6bdeced846"),  # version 1
    ("actionId", "01890a5d-ac96-774b-bcce-b302099a8057"),  # version 7
    ("score", 0),
    ("score", 1000),
    ("score", 2**31 - 1),  # for the fraud checks to judge
    ("timestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")),
    ("timestamp", datetime.now(UTC).strftime("%Y-%m-%dt%H:%M:%Sz")),
    ("timestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")),
    ("timestamp", "1999-12-31T23:59:59+05:30"),  # for the fraud checks to judge
    ("metadata", {"__proto__": {"admin": True}, "constructor": 1, "$where": "1"}),
    ("metadata", {"actionType": "a');drop table user_actions;--"}),
    ("metadata", {"x": "<script>alert(1)</script>", "y": "{{7*7}}", "z": "${jndi:ldap://x}"}),
    ("metadata", {"x": "=cmd()", "y": "😀", "z": "‮"}),
    ("metadata", {"actionType": "t" * 100}),
    ("metadata", {f"k{number}": 1 for number in range(50)}),
    ("metadata", {"k" * 64: 1}),
    ("metadata", {"x": 2**63, "y": 1.5e-7, "z": -0.0, "n": None, "b": False}),
    ("metadata", {"x": "y" * 4000}),
]


@pytest.mark.parametrize(("field", "value"), TAKEN, ids=number_of(TAKEN))
def test_unusual_values_that_the_contract_allows_are_stored_as_data(
    intake_client: FlaskClient, bearer: Bearer, store: Store, field: str, value: Any
) -> None:
    body = make_body(**{field: value})
    answer = intake_client.post(COMPLETE, json=body, headers={**bearer(), **AT_ONCE})
    assert answer.status_code == 202
    with store.write() as connection:
        stored = connection.execute(
            text("SELECT action_id, score_delta, action_type, metadata FROM pending_actions")
        ).one()
    metadata = body.get("metadata")
    assert stored.action_id == UUID(body["actionId"])
    assert stored.score_delta == body["score"]
    assert stored.metadata == metadata
    assert stored.action_type == (metadata or {}).get("actionType")


def test_an_id_in_upper_case_is_the_same_id(intake_client: FlaskClient, bearer: Bearer) -> None:
    headers = {**bearer(), **AT_ONCE}
    body = make_body()
    assert intake_client.post(COMPLETE, json=body, headers=headers).status_code == 202
    twin = {**body, "actionId": body["actionId"].upper()}
    answer = intake_client.post(COMPLETE, json=twin, headers=headers)
    error = assert_refused(answer, 409, "DUPLICATE_ACTION")
    assert error["details"]["result"]["status"] == "pending"
    assert answer.headers["Location"] == f"/api/actions/{body['actionId']}"


@pytest.mark.parametrize("path", ["/api/actions/abc", "/api/users/abc/score"])
def test_an_id_in_the_path_that_is_no_uuid_is_invalid(
    client: FlaskClient, bearer: Bearer, path: str
) -> None:
    assert_refused(client.get(path, headers=bearer()), 400, "INVALID_PAYLOAD")


@pytest.mark.parametrize(
    "query",
    [
        "/api/leaderboard?limit=0",
        "/api/leaderboard?limit=101",
        "/api/leaderboard?limit=abc",
        "/api/leaderboard?limit=",
        "/api/leaderboard?limit=-1",
        "/api/leaderboard?limit=1.5",
        "/api/leaderboard?limit=%D9%A1",
        "/api/leaderboard?limit=99999999999999999999",
        "/api/leaderboard/me?neighbors=51",
        "/api/leaderboard/me?neighbors=x",
        "/api/actions?limit=0",
        "/api/actions?cursor=x",
        "/api/actions?cursor=",
        "/api/actions?cursor=YTE1%00",
        "/api/actions?cursor=%F0%9F%98%80",
    ],
)
def test_a_bad_query_is_invalid(client: FlaskClient, bearer: Bearer, query: str) -> None:
    error = assert_refused(client.get(query, headers=bearer()), 400, "INVALID_PAYLOAD")
    assert len(error["details"]["fields"]) == 1
