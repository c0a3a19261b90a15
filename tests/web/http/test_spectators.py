"""Spectators look at boards and players without an account, and do nothing else."""

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import jwt
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import JWT_SECRET
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import Headers, assert_refused, make_body
from web.app import create_app
from web.http.operation import Operation
from web.routes.table import OPERATIONS

Bearer = Callable[..., Headers]
SPECTATE = "/api/auth/spectate"
ALLOWED = {
    "GET /api/leaderboard",
    "GET /api/boards",
    "GET /api/boards/<board_id>",
    "GET /api/boards/<board_id>/standings",
    "GET /api/boards/<board_id>/rank",
    "GET /api/boards/<board_id>/players/<user_id>",
    "GET /api/boards/<board_id>/past-scores",
    "GET /api/users/<user_id>/score",
    "GET /api/users/<user_id>/history",
    "GET /api/users/<user_id>/boards",
    "GET /api/users/<user_id>/rank-history",
    "POST /api/realtime/ticket",
}
CHECKED = [row for row in OPERATIONS if row.checks_token]


def name_of(row: Operation) -> str:
    """Return the method and the path of a row."""
    return f"{row.method} {row.path}"


def spectate(client: FlaskClient) -> Headers:
    """Become a spectator and return the headers of one."""
    answer = client.post(SPECTATE)
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.get_json()['accessToken']}"}


def test_a_spectators_token_has_its_role_and_no_row(client: FlaskClient, store: Store) -> None:
    bodies = [client.post(SPECTATE).get_json() for _ in range(2)]
    assert [body.keys() for body in bodies] == [{"accessToken", "expiresIn"}] * 2
    first, other = (
        jwt.decode(body["accessToken"], JWT_SECRET, algorithms=["HS256"]) for body in bodies
    )
    assert first["roles"] == ["spectator"]
    assert first["exp"] - first["iat"] == bodies[0]["expiresIn"]
    assert not first.keys() & {"username", "sid"}
    assert UUID(first["sub"]) != UUID(other["sub"])
    with store.write() as connection:
        assert connection.execute(select(func.count()).select_from(tables.users)).scalar_one() == 0


@pytest.mark.parametrize("row", CHECKED, ids=name_of)
def test_a_spectator_is_forbidden_all_but_looking_on(client: FlaskClient, row: Operation) -> None:
    path = re.sub(r"<board_id>", "global", row.path)
    path = re.sub(r"<[^>]+>", str(uuid4()), path)
    if path.endswith("/rank"):
        path += "?score=5"
    if path.endswith("/past-scores"):
        path += f"?players={uuid4()}"
    answer = client.open(path, method=row.method, headers=spectate(client), json={})
    if name_of(row) in ALLOWED:
        assert answer.status_code in (200, 201) or answer.get_json()["error"]["code"] == "NOT_FOUND"
    else:
        assert_refused(answer, 403, "FORBIDDEN")


def test_a_spectator_cannot_play_and_stores_nothing(
    client: FlaskClient, batcher: RecordingBatcher
) -> None:
    headers = spectate(client)
    answer = client.post("/api/actions/complete", json=make_body(), headers=headers)
    error = assert_refused(answer, 403, "FORBIDDEN")
    assert error["message"] == "Spectators may only look: register or log in for this"
    assert batcher.taken == []


def test_another_role_beside_it_is_no_spectators(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    headers = bearer(roles=["spectator", "player"])
    answer = client.post("/api/actions/complete", json=make_body(), headers=headers)
    assert answer.status_code == 200
    assert len(batcher.taken) == 1


def test_an_address_becomes_sixty_spectators_a_minute(client: FlaskClient) -> None:
    def ask(address: str) -> int:
        return client.post(SPECTATE, environ_base={"REMOTE_ADDR": address}).status_code

    # A minute may end in between: then the count begins again, once.
    statuses = [ask("203.0.113.7") for _ in range(121)]
    assert statuses[:60] == [201] * 60
    assert 429 in statuses
    assert ask("203.0.113.8") == ask("127.0.0.1") == 201


def test_without_spectators_none_is_made_and_their_tokens_are_refused(
    settings: Settings, store: Store, batcher: RecordingBatcher, client: FlaskClient
) -> None:
    headers = spectate(client)
    closed = create_app(replace(settings, spectators=False), store, batcher).test_client()
    assert_refused(closed.post(SPECTATE), 403, "FORBIDDEN")
    assert_refused(closed.get("/api/leaderboard", headers=headers), 401, "INVALID_TOKEN")
    assert closed.get("/api/boards").status_code == 200
