"""Boards made and changed over HTTP: by whom, with which answers, against which state."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text
from werkzeug.test import TestResponse

from domain.accounts.api_keys import create_api_key
from domain.boards.model import BoardId
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import encode_definition
from domain.store.postgres import tables
from domain.store.postgres.rankings.catalog import read_catalog
from domain.store.store import Store
from tests.rankings import make_unreadable
from tests.web.http.bodies import Headers, assert_refused
from web.routes.table import OPERATIONS
from web.schemas.board_definitions import BoardDefinitionSchema, BoardRecordSchema

PATH = "/api/admin/boards"


@pytest.fixture
def admin(bearer: Callable[..., Headers]) -> Headers:
    """The headers of an admin."""
    return bearer(roles=["admin"])


@pytest.fixture
def made(client: FlaskClient, admin: Headers) -> TestResponse:
    """The answer to making the board `run`."""
    return client.post(PATH, json={"id": "run", "title": "Run"}, headers=admin)


def patch(
    client: FlaskClient, admin: Headers, body: dict[str, Any], *, tag: str = "*", query: str = ""
) -> TestResponse:
    return client.patch(f"{PATH}/run{query}", json=body, headers={**admin, "If-Match": tag})


def test_every_endpoint_of_admins_is_for_them_only(
    client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    rows = [row for row in OPERATIONS if row.path.startswith("/api/admin/")]
    assert len(rows) >= 5
    for row in rows:
        path = row.path.replace("<board_id>", "run")
        for headers in (bearer(), bearer(roles=["service", "moderator"])):
            answer = client.open(path, method=row.method, headers=headers)
            assert_refused(answer, 403, "FORBIDDEN")


def test_an_api_key_with_the_role_makes_boards_and_another_does_not(
    client: FlaskClient, store: Store
) -> None:
    secrets = {}
    for role in ("admin", "service"):
        created = create_api_key(
            store, name=role, roles=[role], expires_at=None, now=datetime.now(UTC)
        )
        assert created is not None
        secrets[role] = created[0]
    for role, status in (("service", 403), ("admin", 201)):
        headers = {"Authorization": f"Bearer {secrets[role]}"}
        assert client.post(PATH, json={"id": "run"}, headers=headers).status_code == status


def test_a_board_that_is_made_can_be_read_and_is_listed(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    assert made.status_code == 201
    assert made.headers["Location"] == f"{PATH}/run"
    shown = client.get(made.headers["Location"], headers=admin)
    assert shown.json == made.json
    assert shown.headers["ETag"] == made.headers["ETag"] == shown.json["etag"]
    assert shown.json["board"] == encode_definition(BoardDefinition(BoardId("run"), title="Run"))
    assert (shown.json["state"], shown.json["version"]) == ("building", 1)
    assert shown.json["building"] == {"version": 1, "progress": 0.0, "error": None}
    assert BoardRecordSchema().validate(shown.json) == {}
    listed = client.get(PATH, headers=admin).json
    assert listed is not None
    assert [found["board"]["id"] for found in listed["boards"]] == ["global", "run"]
    assert listed["boards"][1] == shown.json


def test_a_board_is_not_made_twice(client: FlaskClient, admin: Headers, made: TestResponse) -> None:
    again = client.post(PATH, json={"id": "run"}, headers=admin)
    assert_refused(again, 409, "BOARD_EXISTS")


def test_the_fixed_board_is_shown_and_refuses_changes(client: FlaskClient, admin: Headers) -> None:
    path = f"{PATH}/global"
    assert client.get(path, headers=admin).json["state"] == "live"
    headers = {**admin, "If-Match": "*"}
    refused = [
        client.post(PATH, json={"id": "global"}, headers=admin),
        client.patch(path, json={"title": "x"}, headers=headers),
        client.delete(path, headers=headers),
    ]
    for answer in refused:
        assert_refused(answer, 409, "BOARD_FIXED")


@pytest.mark.parametrize("name", ["other", "UPPER", "a%20b", "x" * 100])
def test_an_unknown_board_is_not_found(client: FlaskClient, admin: Headers, name: str) -> None:
    headers = {**admin, "If-Match": "*"}
    path = f"{PATH}/{name}"
    assert_refused(client.get(path, headers=headers), 404, "NOT_FOUND")
    assert_refused(client.patch(path, json={}, headers=headers), 404, "NOT_FOUND")
    assert_refused(client.delete(path, headers=headers), 404, "NOT_FOUND")


def test_a_bad_definition_names_every_field(client: FlaskClient, admin: Headers) -> None:
    body = {"id": "run", "timeZone": "Mars/Base", "where": {"metadata.a": {"min": 2, "max": 1}}}
    refused = client.post(PATH, json=body, headers=admin)
    assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert refused.json["error"]["details"]["fields"].keys() == {"timeZone", "where.metadata.a.max"}
    assert len(client.get(PATH, headers=admin).json["boards"]) == 1


def test_a_change_in_place_gives_a_new_tag(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    changed = patch(client, admin, {"title": "Sprint"}, tag=made.headers["ETag"])
    assert changed.status_code == 200
    assert changed.json["board"]["title"] == "Sprint"
    assert changed.headers["ETag"] != made.headers["ETag"]


def test_of_two_admins_the_second_is_told(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    tag = made.headers["ETag"]
    assert patch(client, admin, {"title": "A"}, tag=tag).status_code == 200
    assert_refused(patch(client, admin, {"title": "B"}, tag=tag), 412, "PRECONDITION_FAILED")
    stale = client.delete(f"{PATH}/run", headers={**admin, "If-Match": tag})
    assert_refused(stale, 412, "PRECONDITION_FAILED")
    assert client.get(f"{PATH}/run", headers=admin).json["board"]["title"] == "A"


@pytest.mark.parametrize("tag", ["", "W/{}", "7", '"x"', '"999999999999999999999"', '"-1"'])
def test_a_tag_that_is_not_ours_matches_nothing(
    client: FlaskClient, admin: Headers, made: TestResponse, tag: str
) -> None:
    answer = patch(client, admin, {"title": "B"}, tag=tag.format(made.headers["ETag"]))
    assert_refused(answer, 412, "PRECONDITION_FAILED")


def test_one_of_several_tags_is_enough(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    tags = f'"123456", {made.headers["ETag"]}'
    assert patch(client, admin, {"title": "B"}, tag=tags).status_code == 200


def test_a_change_without_a_tag_is_refused(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    path = f"{PATH}/run"
    unguarded = client.patch(path, json={"title": "x"}, headers=admin)
    assert_refused(unguarded, 428, "PRECONDITION_REQUIRED")
    assert_refused(client.delete(path, headers=admin), 428, "PRECONDITION_REQUIRED")


def test_a_change_that_moves_players_says_so(
    client: FlaskClient, admin: Headers, made: TestResponse
) -> None:
    refused = patch(client, admin, {"ties": "dense", "title": "x"})
    assert_refused(refused, 409, "RESCORE_NEEDED")
    assert refused.json["error"]["details"]["fields"].keys() == {"ties"}
    done = patch(client, admin, {"ties": "dense", "title": "x"}, query="?rescore=true")
    assert (done.status_code, done.json["building"]["version"]) == (200, 2)


@pytest.mark.parametrize("query", ["?rescore=yes", "?rescore=1", "?rescore="])
def test_a_flag_is_true_or_false(
    client: FlaskClient, admin: Headers, made: TestResponse, query: str
) -> None:
    assert_refused(patch(client, admin, {}, query=query), 400, "INVALID_PAYLOAD")


@pytest.mark.parametrize("body", [{"timeZone": "x"}, {"id": "walk"}, {"period": None, "x": 1}])
def test_a_bad_patch_changes_nothing(
    client: FlaskClient, admin: Headers, made: TestResponse, body: dict[str, Any]
) -> None:
    refused = patch(client, admin, body, query="?rescore=true")
    assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert client.get(f"{PATH}/run", headers=admin).json == made.json


def test_a_board_is_deleted(client: FlaskClient, admin: Headers, made: TestResponse) -> None:
    gone = client.delete(f"{PATH}/run", headers={**admin, "If-Match": made.headers["ETag"]})
    assert (gone.status_code, gone.data) == (204, b"")
    assert client.get(f"{PATH}/run", headers=admin).json["state"] == "deleting"


def test_a_board_that_is_not_understood_is_shown_so_and_deleted(
    client: FlaskClient, admin: Headers, made: TestResponse, store: Store
) -> None:
    make_unreadable(store, "run")
    client.post(PATH, json={"id": "walk"}, headers=admin)
    shown = client.get(f"{PATH}/run", headers=admin)
    assert shown.status_code == 200
    assert (shown.json["board"], shown.json["state"]) == ({"id": "run"}, "building")
    assert shown.json["error"] == "Version 1 of the board run is not understood: timeZone"
    assert BoardRecordSchema().validate(shown.json) == {}
    listed = client.get(PATH, headers=admin).json["boards"]
    errors = {found["board"]["id"]: found["error"] for found in listed}
    assert errors == {"global": None, "run": shown.json["error"], "walk": None}
    assert_refused(patch(client, admin, {"title": "x"}), 503, "SERVICE_UNAVAILABLE")
    headers = {**admin, "If-Match": shown.headers["ETag"]}
    assert client.delete(f"{PATH}/run", headers=headers).status_code == 204
    assert client.get(f"{PATH}/run", headers=admin).json["state"] == "deleting"
    with store.write() as connection:
        assert [version.definition.id.slug for version in read_catalog(connection)[1]] == ["walk"]


def test_a_board_with_seals_is_only_archived(
    client: FlaskClient, admin: Headers, made: TestResponse, store: Store
) -> None:
    with store.write() as connection:
        number = select(tables.board_versions.c.version_no).scalar_subquery()
        values = {"version_no": number, "period_key": "2026", "segment": "", "revision": 1}
        connection.execute(insert(tables.rankings).values(**values))
        connection.execute(text("UPDATE board_versions SET state = 'live'"))
    headers = {**admin, "If-Match": made.headers["ETag"]}
    assert_refused(client.delete(f"{PATH}/run", headers=headers), 409, "BOARD_SEALED")
    assert client.delete(f"{PATH}/run?archive=true", headers=headers).status_code == 204
    assert client.get(f"{PATH}/run", headers=admin).json["state"] == "archived"


def test_the_described_definition_has_the_fields_that_are_read() -> None:
    described = {field.data_key for field in BoardDefinitionSchema().fields.values()}
    assert described == encode_definition(BoardDefinition(BoardId("x"))).keys()
