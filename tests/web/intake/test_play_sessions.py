"""Play sessions over HTTP, and the setting that makes actions name one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.settings import Settings
from domain.store.store import Store
from tests.intakes import fetch
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, COMPLETE, Headers, assert_refused, make_body
from web.app import create_app
from web.http.caller import ROLE_SERVICE

SESSIONS = "/api/sessions"
Bearer = Callable[..., Headers]


def open_one(client: FlaskClient, headers: Headers, **more: Any) -> dict[str, Any]:
    answer = client.post(SESSIONS, headers=headers, **more)
    assert answer.status_code == 201, answer.get_json()
    opened: dict[str, Any] = answer.get_json()
    return opened


def end(client: FlaskClient, headers: Headers, session_id: object) -> TestResponse:
    return client.delete(f"{SESSIONS}/{session_id}", headers=headers)


@pytest.mark.parametrize("more", [{}, {"json": {}}])
def test_a_player_opens_a_session_with_an_empty_body_or_none(
    client: FlaskClient, bearer: Bearer, store: Store, more: dict[str, Any]
) -> None:
    player = uuid4()
    opened = open_one(client, bearer(player) | {"User-Agent": "Browser/1.0"}, **more)
    assert opened.keys() == {"sessionId", "startedAt", "expiresAt"}
    times = [datetime.fromisoformat(opened[name]) for name in ("startedAt", "expiresAt")]
    assert times[1] - times[0] == timedelta(hours=4)
    rows = fetch(store, "SELECT session_id, user_id, last_device IS NULL FROM play_sessions")
    assert rows == [(UUID(opened["sessionId"]), player, False)]


def test_a_game_server_opens_and_ends_one_for_a_player(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player, server = uuid4(), bearer(roles=[ROLE_SERVICE])
    opened = open_one(client, server, json={"userId": str(player)})
    assert fetch(store, "SELECT user_id, client_no FROM play_sessions") == [(player, None)]
    assert end(client, server, opened["sessionId"]).status_code == 204


@pytest.mark.parametrize(
    ("roles", "body", "field"),
    [
        (["player"], {"userId": str(uuid4())}, "userId"),
        (["player"], {"more": 1}, "more"),
        ([ROLE_SERVICE], {"userId": "5"}, "userId"),
        ([ROLE_SERVICE], {"userId": None}, "userId"),
    ],
)
def test_a_body_that_is_not_for_this_caller_is_refused_naming_the_field(
    client: FlaskClient, bearer: Bearer, store: Store, roles: list[str], body: Any, field: str
) -> None:
    answer = client.post(SESSIONS, headers=bearer(roles=roles), json=body)
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}
    assert fetch(store, "SELECT count(*) FROM play_sessions") == [(0,)]


def test_a_session_is_ended_by_its_player_and_another_s_is_like_an_unknown_one(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player = bearer(uuid4())
    session_id = open_one(client, player)["sessionId"]
    foreign = assert_refused(end(client, bearer(), session_id), 404, "NOT_FOUND")
    unknown = assert_refused(end(client, player, uuid4()), 404, "NOT_FOUND")
    assert foreign["message"] == unknown["message"]
    assert_refused(end(client, player, "x"), 400, "INVALID_PAYLOAD")
    assert fetch(store, "SELECT ended_at FROM play_sessions") == [(None,)]
    for _ in range(2):
        assert end(client, player, session_id).status_code == 204
    assert fetch(store, "SELECT ended_at IS NULL FROM play_sessions") == [(False,)]


@pytest.fixture
def strict_client(settings: Settings, store: Store, batcher: RecordingBatcher) -> FlaskClient:
    """A client of an application with REQUIRE_SESSION."""
    strict = replace(settings, require_session=True)
    return create_app(strict, store, batcher).test_client()


NO_SESSION: list[Any] = [
    ...,
    {},
    {"actionType": "x"},
    *({"sessionId": bad} for bad in (None, 5, "", "x", str(uuid4())[:-1], uuid4().hex, [], {})),
]


@pytest.mark.parametrize("metadata", NO_SESSION)
def test_where_a_session_is_required_an_action_without_one_is_refused_alone(
    strict_client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher, metadata: Any
) -> None:
    body = make_body(metadata=metadata)
    answer = strict_client.post(COMPLETE, json=body, headers=bearer())
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert "sessionId" in str(error["details"]["fields"]["metadata"])
    sound = make_body(metadata={"sessionId": str(uuid4())})
    batch = strict_client.post(BATCH, json={"actions": [body, sound]}, headers=bearer())
    results = batch.get_json()["results"]
    assert results[0]["error"]["code"] == "INVALID_PAYLOAD"
    assert [str(action.action_id) for action in batcher.taken] == [sound["actionId"]]
    assert results[1]["status"] == "applied"


def test_game_servers_must_name_a_session_too(strict_client: FlaskClient, bearer: Bearer) -> None:
    server = bearer(roles=[ROLE_SERVICE])
    assert_refused(
        strict_client.post(COMPLETE, json=make_body(), headers=server), 400, "INVALID_PAYLOAD"
    )


@pytest.mark.parametrize("metadata", NO_SESSION)
def test_without_the_setting_a_session_is_data_like_any_other(
    client: FlaskClient, bearer: Bearer, metadata: Any
) -> None:
    answer = client.post(COMPLETE, json=make_body(metadata=metadata), headers=bearer())
    assert answer.status_code == 200
