"""Roles that operators give to accounts: in the tokens of a login, until they are taken away."""

from uuid import UUID, uuid4

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from domain.store.store import Store
from tests.bans import ban, unban
from tests.intakes import fetch
from tests.web.http.bodies import Headers, assert_refused

ACCOUNT = {"username": "grace", "password": "correct horse battery"}
CASES = "/api/moderation/cases"
BOARDS = "/api/admin/boards"


@pytest.fixture
def grace(client: FlaskClient) -> UUID:
    """A registered player."""
    return UUID(client.post("/api/auth/register", json=ACCOUNT).get_json()["userId"])


def run(app: Flask, *arguments: object) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["roles", *map(str, arguments)])


def said(done: Result) -> str:
    """Return the last line that a command has printed, below those of the log."""
    return done.output.splitlines()[-1]


def log_in(client: FlaskClient) -> tuple[Headers, str]:
    """Return the headers of a new login, and its refresh token."""
    body = client.post("/api/auth/login", json=ACCOUNT).get_json()
    return {"Authorization": f"Bearer {body['accessToken']}"}, body["refreshToken"]


def test_a_login_has_the_roles_that_an_operator_has_granted(
    app: Flask, client: FlaskClient, grace: UUID
) -> None:
    as_player, refresh_token = log_in(client)
    assert_refused(client.get(CASES, headers=as_player), 403, "FORBIDDEN")
    assert said(run(app, "grant", grace, "moderator")) == "granted"
    assert said(run(app, "grant", grace, "moderator")) == "granted before: nothing changed"
    # From the next refresh or login on.
    assert_refused(client.get(CASES, headers=as_player), 403, "FORBIDDEN")
    fresh = client.post("/api/auth/refresh", json={"refreshToken": refresh_token}).get_json()
    for headers in ({"Authorization": f"Bearer {fresh['accessToken']}"}, log_in(client)[0]):
        assert client.get(CASES, headers=headers).status_code == 200
        assert_refused(client.get(BOARDS, headers=headers), 403, "FORBIDDEN")
    assert said(run(app, "grant", grace, "admin")) == "granted"
    assert client.get(BOARDS, headers=log_in(client)[0]).status_code == 200
    assert run(app, "list").output == f"{grace}  admin      grace\n{grace}  moderator  grace\n"


def test_a_role_that_is_taken_away_ends_the_sessions_that_have_it(
    app: Flask, client: FlaskClient, grace: UUID
) -> None:
    run(app, "grant", grace, "moderator")
    headers, refresh_token = log_in(client)
    assert said(run(app, "take", grace, "moderator")) == "taken away"
    app.extensions["laurel"].verifier.look_now()
    assert_refused(client.get(CASES, headers=headers), 401, "INVALID_TOKEN")
    answer = client.post("/api/auth/refresh", json={"refreshToken": refresh_token})
    assert_refused(answer, 401, "INVALID_TOKEN")
    assert_refused(client.get(CASES, headers=log_in(client)[0]), 403, "FORBIDDEN")
    again = run(app, "take", grace, "moderator")
    assert (again.exit_code, "is no moderator" in again.output) == (2, True)


def test_who_is_banned_logs_in_without_roles_until_the_ban_ends(
    app: Flask, client: FlaskClient, store: Store, grace: UUID
) -> None:
    run(app, "grant", grace, "admin")
    ban(store, grace)
    headers, refresh_token = log_in(client)
    assert_refused(client.get(CASES, headers=headers), 403, "FORBIDDEN")
    fresh = client.post("/api/auth/refresh", json={"refreshToken": refresh_token}).get_json()
    headers = {"Authorization": f"Bearer {fresh['accessToken']}"}
    assert_refused(client.get(CASES, headers=headers), 403, "FORBIDDEN")
    unban(store, grace)
    assert client.get(CASES, headers=log_in(client)[0]).status_code == 200


def test_only_who_has_a_password_here_gets_a_role(app: Flask) -> None:
    refused = run(app, "grant", uuid4(), "moderator")
    assert (refused.exit_code, "no account with a password" in refused.output) == (2, True)
    assert run(app, "grant", uuid4(), "service").exit_code == 2


def test_a_role_goes_with_the_account(
    app: Flask, client: FlaskClient, store: Store, grace: UUID
) -> None:
    run(app, "grant", grace, "moderator")
    headers, _ = log_in(client)
    body = {"currentPassword": ACCOUNT["password"]}
    assert client.delete("/api/users/me", json=body, headers=headers).status_code == 204
    assert fetch(store, "SELECT role FROM granted_roles") == []
