"""API keys: accepted wherever tokens are, verified from memory, revoked within a second."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from domain.accounts.api_keys import create_api_key, revoke_api_key
from domain.errors import DatabaseUnavailableError, InvalidTokenError
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.postgres.accounts.api_keys import ApiKey
from domain.store.store import Store, connect
from tests.factories import make_settings
from tests.waiting import wait_until
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import Headers, assert_refused, make_body
from web.access.api_keys import MAX_AGE_SECONDS, ApiKeys
from web.access.verifier import TokenVerifier
from web.live.connection.credentials import read_credential
from web.services import EXTENSION

Make = Callable[..., tuple[str, ApiKey]]


@pytest.fixture
def make_key(store: Store) -> Make:
    """Make a key as the command does."""

    def make(name: str = "eu-1", **overrides: Any) -> tuple[str, ApiKey]:
        values = {"roles": ["service"], "expires_at": None, "now": datetime.now(UTC)}
        created = create_api_key(store, name=name, **{**values, **overrides})
        assert created is not None
        return created

    return make


@pytest.fixture
def verifier(app: Flask) -> TokenVerifier:
    """The verifier of the application."""
    found = app.extensions[EXTENSION].verifier
    assert isinstance(found, TokenVerifier)
    return found


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """Every statement that the store runs during the test."""
    ran: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        ran.append(statement)

    event.listen(store.engine, "before_cursor_execute", record)
    yield ran
    event.remove(store.engine, "before_cursor_execute", record)


def bearer_of(secret: str) -> Headers:
    """Return the header that carries the key."""
    return {"Authorization": f"Bearer {secret}"}


def status_with(client: FlaskClient, secret: str) -> int:
    """Return the status of a request with this key."""
    return client.get("/api/actions", headers=bearer_of(secret)).status_code


def read_last_use(store: Store) -> datetime | None:
    """Return when the only key was last used, as the store has it."""
    with store.write() as connection:
        return connection.execute(select(tables.api_keys.c.last_used_at)).scalar_one()


def test_a_game_server_posts_for_its_players_with_a_key(
    client: FlaskClient, batcher: RecordingBatcher, make_key: Make
) -> None:
    secret, _ = make_key()
    player = uuid4()
    body = {"actions": [{**make_body(), "userId": str(player)}]}
    answer = client.post("/api/actions/batch", json=body, headers=bearer_of(secret))
    assert answer.status_code == 200
    assert [action.user_id for action in batcher.taken] == [player]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/actions", 200),
        ("GET", "/api/leaderboard", 200),
        ("GET", "/api/leaderboard/me", 200),
        ("POST", "/api/realtime/ticket", 201),
    ],
)
def test_a_key_is_accepted_wherever_tokens_are(
    client: FlaskClient, make_key: Make, method: str, path: str, status: int
) -> None:
    secret, _ = make_key()
    assert client.open(path, method=method, headers=bearer_of(secret)).status_code == status


def test_a_key_may_do_what_its_roles_say(client: FlaskClient, make_key: Make) -> None:
    secret, _ = make_key(roles=["player"])
    body = {"actions": [{**make_body(), "userId": str(uuid4())}]}
    answer = client.post("/api/actions/batch", json=body, headers=bearer_of(secret))
    assert answer.get_json()["results"][0]["error"]["code"] == "INVALID_PAYLOAD"
    assert "RateLimit" in answer.headers


def test_after_the_first_request_a_key_costs_no_query(
    client: FlaskClient, make_key: Make, statements: list[str]
) -> None:
    secret, _ = make_key()
    headers = bearer_of(secret)
    assert client.get("/api/leaderboard", headers=headers).status_code == 200
    statements.clear()
    for _ in range(20):
        assert client.get("/api/leaderboard", headers=headers).status_code == 200
    assert not [ran for ran in statements if "api_keys" in ran or "revocations" in ran]


def test_made_up_keys_cost_at_most_ten_queries_a_second(
    client: FlaskClient, statements: list[str]
) -> None:
    began = time.monotonic()
    for number in range(200):
        refused = client.get("/api/actions", headers=bearer_of(f"lrl_{number:043}"))
        assert_refused(refused, 401, "INVALID_TOKEN")
    took = time.monotonic() - began
    assert len([ran for ran in statements if "api_keys" in ran]) <= 10 * took + 1


def test_a_new_key_works_at_once_though_the_process_knows_others(
    client: FlaskClient, make_key: Make
) -> None:
    for name in ("one", "two"):
        secret, _ = make_key(name)
        time.sleep(0.11)
        assert client.get("/api/actions", headers=bearer_of(secret)).status_code == 200


def spoil(secret: str) -> str:
    """Return the key with another last character."""
    return secret[:-1] + ("a" if secret[-1] != "a" else "b")


@pytest.mark.parametrize(
    "change",
    [spoil, str.upper, lambda secret: secret[:12], lambda secret: f"{secret}x", lambda _: "lrl_"],
)
def test_what_is_nearly_a_key_is_none(
    client: FlaskClient, make_key: Make, change: Callable[[str], str]
) -> None:
    secret, _ = make_key()
    assert client.get("/api/actions", headers=bearer_of(secret)).status_code == 200
    refused = client.get("/api/actions", headers=bearer_of(change(secret)))
    assert_refused(refused, 401, "INVALID_TOKEN")


def test_a_key_ends_when_its_time_is_over(
    client: FlaskClient, make_key: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = make_key(expires_at=datetime.now(UTC) + timedelta(seconds=60))
    assert client.get("/api/actions", headers=bearer_of(secret)).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr("web.access.verifier.time", SimpleNamespace(time=lambda: later))
    refused = client.get("/api/actions", headers=bearer_of(secret))
    assert_refused(refused, 401, "TOKEN_EXPIRED")


def test_a_revoked_key_is_refused_within_a_second_and_its_socket_closes(
    client: FlaskClient, store: Store, verifier: TokenVerifier, make_key: Make
) -> None:
    # A clock that is ahead where the key was made must not save the key.
    secret, _ = make_key(now=datetime.now(UTC) + timedelta(minutes=5))
    other, _ = make_key("other")
    verifier.start()
    try:
        ticket = client.post("/api/realtime/ticket", headers=bearer_of(secret)).get_json()
        credential = read_credential(
            verifier,
            store,
            authorization=None,
            protocols=[f"ticket.{ticket['ticket']}"],
            origin=None,
            admit=lambda _user_id: None,
        )
        assert not credential.is_revoked(verifier)
        assert revoke_api_key(store, key="eu-1", now=datetime.now(UTC)) is not None
        wait_until(lambda: status_with(client, secret) == 401)
        assert credential.is_revoked(verifier)
        assert status_with(client, other) == 200
    finally:
        verifier.stop()


def test_a_key_cannot_log_itself_out(client: FlaskClient, make_key: Make) -> None:
    secret, _ = make_key()
    refused = client.post("/api/auth/logout", headers=bearer_of(secret))
    assert_refused(refused, 403, "FORBIDDEN")
    assert client.get("/api/actions", headers=bearer_of(secret)).status_code == 200


def test_the_store_has_neither_the_key_nor_most_of_it(store: Store, make_key: Make) -> None:
    secret, _ = make_key()
    with store.write() as connection:
        row = connection.execute(select(tables.api_keys)).one()
    assert row.prefix == secret[:12]
    assert len(secret) >= 12 + 128 // 6
    assert secret[12:].encode() not in bytes(row.key_hash)
    assert secret[12:] not in str(row)


def test_the_last_use_is_stored_off_the_request_and_once_a_minute(
    client: FlaskClient, store: Store, verifier: TokenVerifier, make_key: Make
) -> None:
    secret, _ = make_key()
    api_keys = verifier._api_keys
    moment = [1000.0]
    api_keys._clock = lambda: moment[0]
    for _ in range(3):
        client.get("/api/actions", headers=bearer_of(secret))
    assert read_last_use(store) is None
    api_keys.step()
    first = read_last_use(store)
    assert first is not None
    moment[0] += 59
    client.get("/api/actions", headers=bearer_of(secret))
    api_keys.step()
    assert read_last_use(store) == first
    # The other processes note their own uses: of all of them one a minute is stored.
    moment[0] += 2
    client.get("/api/actions", headers=bearer_of(secret))
    api_keys.step()
    assert read_last_use(store) == first
    with store.write() as connection:
        earlier = first - timedelta(seconds=120)
        connection.execute(update(tables.api_keys).values(last_used_at=earlier))
    moment[0] += 61
    client.get("/api/actions", headers=bearer_of(secret))
    api_keys.stop()
    last = read_last_use(store)
    assert last is not None
    assert last >= first


def test_without_postgresql_known_keys_work_for_an_hour_and_uses_are_kept(
    store: Store, settings: Settings, make_key: Make
) -> None:
    secret, key = make_key()
    moment = [1000.0]
    api_keys = ApiKeys(store, lambda: moment[0])
    assert api_keys.find(secret).user_id == key.key_id
    api_keys.note_use(key.key_id)
    away = connect(make_settings())
    api_keys._store = away
    moment[0] += MAX_AGE_SECONDS
    assert api_keys.find(secret).user_id == key.key_id
    with pytest.raises(DatabaseUnavailableError):
        api_keys.find("lrl_unknown")
    with pytest.raises(DatabaseUnavailableError):
        api_keys.step()
    moment[0] += 1
    with pytest.raises(DatabaseUnavailableError):
        api_keys.find(secret)
    away.close()
    api_keys._store = replace(store)
    moment[0] += 1
    assert api_keys.find(secret).user_id == key.key_id
    api_keys.step()
    assert read_last_use(store) is not None
    with pytest.raises(InvalidTokenError):
        api_keys.find("lrl_unknown")
