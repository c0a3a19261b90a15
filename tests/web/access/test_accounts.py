"""Accounts: names, passwords, sessions, tickets, and the commands that make and end tokens."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.accounts.passwords import Passwords
from domain.accounts.tickets import TicketHolder, issue_ticket, redeem_ticket
from domain.errors import InvalidTokenError
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import JWT_SECRET
from tests.web.http.bodies import Headers, assert_refused
from web.services import EXTENSION

Bearer = Callable[..., Headers]
PASSWORD = "correct horse battery"


def register(client: FlaskClient, username: str = "ann", password: str = PASSWORD) -> Any:
    """Register and return the answer."""
    return client.post("/api/auth/register", json={"username": username, "password": password})


def login(client: FlaskClient, username: str = "ann", password: str = PASSWORD) -> Any:
    """Log in and return the answer."""
    return client.post("/api/auth/login", json={"username": username, "password": password})


def as_player(answer: Any) -> Headers:
    """Return the headers with the access token of a login."""
    return {"Authorization": f"Bearer {answer.get_json()['accessToken']}"}


def test_registering_logs_in_and_stores_no_password(client: FlaskClient, store: Store) -> None:
    answer = register(client)
    assert answer.status_code == 201
    body = answer.get_json()
    assert body.keys() == {"userId", "username", "accessToken", "refreshToken", "expiresIn"}
    claims = jwt.decode(body["accessToken"], JWT_SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["username"]) == (body["userId"], "ann")
    assert claims["exp"] - claims["iat"] == body["expiresIn"]
    with store.write() as connection:
        stored = connection.execute(select(tables.users.c.password_hash)).scalar_one()
        refresh = connection.execute(select(tables.sessions.c.refresh_hash)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert body["refreshToken"].encode() not in bytes(refresh)
    assert client.get("/api/actions", headers=as_player(answer)).status_code == 200


def test_logging_in_gives_the_same_player_another_session(client: FlaskClient) -> None:
    first, second = register(client), login(client)
    assert second.status_code == 200
    assert second.get_json()["userId"] == first.get_json()["userId"]
    assert second.get_json()["refreshToken"] != first.get_json()["refreshToken"]


@pytest.mark.parametrize("twin", ["ann", "ANN", "Ａｎｎ", " ann "])
def test_a_registered_name_is_refused_in_any_case_or_width(client: FlaskClient, twin: str) -> None:
    register(client)
    assert_refused(register(client, twin), 409, "USERNAME_TAKEN")


@pytest.mark.parametrize(
    "name",
    ["ab", "x" * 33, "a\u202eb\u202cc", "a\tb c", "a\u200bbc", "", "   ", "\ud7ff\uffff\uffff"],
)
def test_a_name_that_is_not_allowed_is_invalid(client: FlaskClient, name: str) -> None:
    error = assert_refused(register(client, name), 400, "INVALID_PAYLOAD")
    assert list(error["details"]["fields"]) == ["username"]


@pytest.mark.parametrize("twin", ["аnn", "аnn".upper(), "ann\u3164", "ann\ufe0f", "a\u034fnn"])
def test_a_twin_with_letters_of_another_script_or_fillers_is_invalid(
    client: FlaskClient, twin: str
) -> None:
    assert_refused(register(client, twin), 400, "INVALID_PAYLOAD")


@pytest.mark.parametrize(("name", "twin"), [("ace", "асе"), ("adal", "ada1"), ("modern", "modem")])
def test_a_name_that_looks_like_a_registered_one_is_taken(
    client: FlaskClient, name: str, twin: str
) -> None:
    assert register(client, name).status_code == 201
    assert_refused(register(client, twin), 409, "USERNAME_TAKEN")


@pytest.mark.parametrize(
    ("typed", "retyped"),
    [
        ("p\u00e4ssw\u00f6rd-\u00e9", "pa\u0308sswo\u0308rd-e\u0301"),
        ("pass\u00a0word", "pass word"),
    ],
)
def test_a_password_typed_on_another_system_is_the_same(
    client: FlaskClient, typed: str, retyped: str
) -> None:
    register(client, password=typed)
    assert login(client, password=retyped).status_code == 200
    register(client, "bob", password=retyped)
    assert login(client, "bob", password=typed).status_code == 200
    assert login(client, "bob", password=typed.upper()).status_code == 401


def test_a_hash_made_of_a_password_as_typed_still_matches() -> None:
    typed = "pa\u0308ssword"
    old, passwords = PasswordHasher().hash(typed), Passwords()
    assert passwords.matches(old, typed)
    assert not passwords.matches(old, "another password")


@pytest.mark.parametrize("password", ["short", "x" * 129, 12345678, None])
def test_a_password_out_of_bounds_is_invalid(client: FlaskClient, password: Any) -> None:
    error = assert_refused(register(client, password=password), 400, "INVALID_PAYLOAD")
    assert list(error["details"]["fields"]) == ["password"]
    assert str(password) not in error["message"]


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client: FlaskClient) -> None:
    register(client)
    wrong = assert_refused(login(client, password="wrong password"), 401, "INVALID_CREDENTIALS")
    unknown = assert_refused(login(client, "nobody"), 401, "INVALID_CREDENTIALS")
    assert wrong["message"] == unknown["message"]


def test_an_unknown_name_costs_the_same_hash(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(client)
    checked: list[str] = []
    verify = PasswordHasher.verify

    def count(hasher: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored)
        return bool(verify(hasher, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", count)
    login(client, password="wrong password")
    login(client, "nobody")
    login(client, "\u202e")
    assert len(checked) == 3


def test_logins_to_one_name_are_limited(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(client)
    # The window of a minute follows the clock: it must not end between two of these requests.
    moment = time.time()
    counters = client.application.extensions[EXTENSION].limits._counters
    monkeypatch.setattr(counters, "_clock", lambda: moment)
    answers = [login(client, "ANN", "wrong password") for _ in range(11)]
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    assert_refused(answers[10], 429, "RATE_LIMIT_EXCEEDED")
    assert int(answers[10].headers["Retry-After"]) >= 1
    assert login(client, "someone else").status_code == 401


def test_a_refresh_token_gives_access_tokens_until_the_logout(client: FlaskClient) -> None:
    session = register(client)
    refresh = {"refreshToken": session.get_json()["refreshToken"]}
    answer = client.post("/api/auth/refresh", json=refresh)
    assert answer.status_code == 200
    assert answer.get_json().keys() == {"accessToken", "refreshToken", "expiresIn"}
    refresh = {"refreshToken": answer.get_json()["refreshToken"]}
    younger = as_player(answer)
    assert client.post("/api/auth/logout", headers=younger).status_code == 204
    assert_refused(client.post("/api/auth/refresh", json=refresh), 401, "INVALID_TOKEN")
    for headers in (younger, as_player(session)):
        assert_refused(client.get("/api/actions", headers=headers), 401, "INVALID_TOKEN")
    assert client.get("/api/actions", headers=as_player(login(client))).status_code == 200


def test_a_token_without_a_session_is_revoked_by_logout(
    client: FlaskClient, bearer: Bearer
) -> None:
    user = uuid4()
    headers, other = bearer(user), bearer(user)
    assert client.post("/api/auth/logout", headers=headers).status_code == 204
    assert_refused(client.get("/api/actions", headers=headers), 401, "INVALID_TOKEN")
    assert client.get("/api/actions", headers=other).status_code == 200


@pytest.mark.parametrize("token", ["x", "é", "\\ud83d"])
def test_an_unknown_refresh_token_is_invalid(client: FlaskClient, token: str) -> None:
    answer = client.post("/api/auth/refresh", json={"refreshToken": token})
    assert_refused(answer, 401, "INVALID_TOKEN")


def test_a_ticket_is_for_one_socket_of_one_user_from_one_origin(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    user, origin = uuid4(), "http://127.0.0.1:8000"
    answer = client.post("/api/realtime/ticket", headers={**bearer(user), "Origin": origin})
    body = answer.get_json()
    assert (answer.status_code, body["expiresIn"]) == (201, 30)
    assert body["url"] == "ws://localhost:8001/ws"
    now = datetime.now(UTC)
    assert redeem_ticket(store, ticket=body["ticket"], origin=origin, now=now).user_id == user
    with pytest.raises(InvalidTokenError):
        redeem_ticket(store, ticket=body["ticket"], origin=origin, now=now)


@pytest.mark.parametrize(
    ("origin", "age_seconds"), [("https://b.example", 0), (None, 0), ("https://a.example", 31)]
)
def test_a_ticket_that_does_not_fit_is_used_up(
    store: Store, origin: str | None, age_seconds: int
) -> None:
    now = datetime.now(UTC)
    holder = TicketHolder(uuid4(), None, now, now + timedelta(hours=1))
    ticket = issue_ticket(store, holder=holder, origin="https://a.example", now=now)
    later = now + timedelta(seconds=age_seconds)
    with pytest.raises(InvalidTokenError):
        redeem_ticket(store, ticket=ticket, origin=origin, now=later)
    with pytest.raises(InvalidTokenError):
        redeem_ticket(store, ticket=ticket, origin="https://a.example", now=now)


def test_a_ticket_is_stored_hashed(store: Store) -> None:
    now = datetime.now(UTC)
    ticket = issue_ticket(store, holder=TicketHolder(uuid4(), None, now, now), origin=None, now=now)
    with store.write() as connection:
        stored = connection.execute(select(tables.realtime_tickets.c.ticket_hash)).scalar_one()
    assert ticket.encode() not in bytes(stored)


def test_the_command_prints_a_token_that_works_and_stores_nothing(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    user = uuid4()
    arguments = ["tokens", "issue", "--role", "service", "--subject", str(user)]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0
    token = result.output.strip()
    assert (
        client.get("/api/actions", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    )
    with store.write() as connection:
        assert connection.execute(select(tables.users)).all() == []


def test_the_command_makes_many_tokens_of_many_players(app: Flask) -> None:
    arguments = ["tokens", "issue", "--count", "3", "--json", "--username", "p", "--expires", "60"]
    result = app.test_cli_runner().invoke(args=arguments)
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [line["username"] for line in lines] == ["p-1", "p-2", "p-3"]
    assert len({UUID(line["userId"]) for line in lines}) == 3
    claims = jwt.decode(lines[0]["token"], JWT_SECRET, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 60


def test_the_command_makes_tokens_of_players_with_ids_and_names_of_their_own(app: Flask) -> None:
    players = [{"userId": str(uuid4()), "username": name} for name in ("Мира", "noor94")]
    lines = "\n".join(map(json.dumps, players))
    arguments = ["tokens", "issue", "--players", "-", "--json"]
    result = app.test_cli_runner().invoke(args=arguments, input=lines)
    made = [json.loads(line) for line in result.output.splitlines()]
    assert [{name: line[name] for name in ("userId", "username")} for line in made] == players
    claims = jwt.decode(made[0]["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["username"]) == (players[0]["userId"], "Мира")


@pytest.mark.parametrize("line", ["x", "[]", "{}", '{"userId": "1", "username": "a"}', "null", ""])
def test_the_command_names_the_line_that_is_no_player(app: Flask, line: str) -> None:
    sound = json.dumps({"userId": str(uuid4()), "username": "ann"})
    arguments = ["tokens", "issue", "--players", "-"]
    result = app.test_cli_runner().invoke(args=arguments, input=f"{sound}\n{line}\n")
    assert result.exit_code == 2
    assert "line 2 " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["issue", "--expires", "999999"],
        ["issue", "--players", "-", "--count", "2"],
        ["issue", "--subject", "x"],
        ["issue", "--role", "king"],
        ["issue", "--count", "0"],
        ["issue", "--count", "2", "--subject", str(UUID(int=1))],
        ["revoke"],
        ["revoke", "--jti", "x", "--subject", str(UUID(int=1))],
    ],
)
def test_the_command_refuses_what_makes_no_sense(app: Flask, arguments: list[str]) -> None:
    assert app.test_cli_runner().invoke(args=["tokens", *arguments]).exit_code == 2


def test_the_command_ends_a_user_s_tokens_and_sessions(app: Flask, client: FlaskClient) -> None:
    session = register(client)
    body = session.get_json()
    arguments = ["tokens", "revoke", "--subject", body["userId"]]
    assert app.test_cli_runner().invoke(args=arguments).exit_code == 0
    app.extensions["laurel"].verifier.look_now()
    headers = as_player(session)
    assert_refused(client.get("/api/actions", headers=headers), 401, "INVALID_TOKEN")
    refresh = {"refreshToken": body["refreshToken"]}
    assert_refused(client.post("/api/auth/refresh", json=refresh), 401, "INVALID_TOKEN")
