"""Sessions: refresh tokens that rotate, and logins close to a revocation."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from domain.accounts.sessions import (
    ROTATION_GRACE,
    Session,
    open_session,
    refresh_session,
    revoke_user,
)
from domain.errors import InvalidTokenError
from domain.store.postgres import tables
from domain.store.postgres.accounts.identities import Identity
from domain.store.postgres.accounts.revocations import RevocationKind, insert_revocation
from domain.store.postgres.accounts.sessions import delete_sessions_of
from domain.store.store import Store
from tests.web.http.bodies import Headers, assert_refused
from web.live.connection.credentials import read_credential
from web.services import EXTENSION

NOW = datetime.now(UTC)
UNTIL = NOW + timedelta(hours=2)
CREDENTIALS = {"username": "ann", "password": "correct horse battery"}


@pytest.fixture
def identity(store: Store) -> Identity:
    """A stored player."""
    identity = Identity(uuid4(), "ann", None)
    with store.write() as connection:
        connection.execute(
            insert(tables.users).values(
                user_id=identity.user_id, username="ann", username_key="ann"
            )
        )
    return identity


@pytest.fixture
def session(store: Store, identity: Identity) -> Session:
    """An open session of that player."""
    return open_session(store, identity=identity, now=NOW, lifetime_seconds=86400)


def refresh(store: Store, token: str, *, seconds: float = 0.0) -> Session:
    """Use a refresh token `seconds` after the session was opened."""
    now = NOW + timedelta(seconds=seconds)
    return refresh_session(store, refresh_token=token, now=now, until=UNTIL)


def post_refresh(client: FlaskClient, token: str) -> Any:
    """Return the answer to this refresh token."""
    return client.post("/api/auth/refresh", json={"refreshToken": token})


def headers_of(answer: Any) -> Headers:
    """Return the headers with the access token of an answer."""
    return {"Authorization": f"Bearer {answer.get_json()['accessToken']}"}


def test_each_refresh_answers_with_the_next_token_of_the_same_session(
    store: Store, session: Session
) -> None:
    tokens = [session.refresh_token]
    for hour in range(3):
        after = refresh(store, tokens[-1], seconds=3600 * hour)
        assert (after.session_id, after.user_id) == (session.session_id, session.user_id)
        assert after.opened_at == session.opened_at
        tokens.append(after.refresh_token)
    assert len(set(tokens)) == 4


@pytest.mark.parametrize("seconds", [0.0, 1.0, ROTATION_GRACE.total_seconds()])
def test_a_repeat_after_a_lost_answer_gets_the_same_token(
    store: Store, session: Session, seconds: float
) -> None:
    first = refresh(store, session.refresh_token)
    again = refresh(store, session.refresh_token, seconds=seconds)
    assert again.refresh_token == first.refresh_token
    assert refresh(store, first.refresh_token, seconds=seconds).session_id == session.session_id


def test_two_tabs_that_refresh_at_the_same_time_get_the_same_token(
    store: Store, session: Session
) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: refresh(store, session.refresh_token), range(8)))
    assert len({answer.refresh_token for answer in answers}) == 1


def test_a_used_token_ends_its_session_and_no_other(
    store: Store, identity: Identity, session: Session
) -> None:
    other = open_session(store, identity=identity, now=NOW, lifetime_seconds=86400)
    first = refresh(store, session.refresh_token)
    late = ROTATION_GRACE.total_seconds() + 0.1
    with pytest.raises(InvalidTokenError):
        refresh(store, session.refresh_token, seconds=late)
    with pytest.raises(InvalidTokenError):
        refresh(store, first.refresh_token, seconds=late)
    assert refresh(store, other.refresh_token, seconds=late).session_id == other.session_id


def test_a_token_used_two_refreshes_ago_ends_its_session_at_once(
    store: Store, session: Session
) -> None:
    first = refresh(store, session.refresh_token)
    second = refresh(store, first.refresh_token)
    with pytest.raises(InvalidTokenError):
        refresh(store, session.refresh_token)
    with pytest.raises(InvalidTokenError):
        refresh(store, second.refresh_token)


def test_the_access_tokens_of_a_stolen_session_end_too(client: FlaskClient) -> None:
    login = client.post("/api/auth/register", json=CREDENTIALS)
    token = login.get_json()["refreshToken"]
    first = post_refresh(client, token)
    second = post_refresh(client, first.get_json()["refreshToken"])
    assert client.get("/api/actions", headers=headers_of(second)).status_code == 200
    assert_refused(post_refresh(client, token), 401, "INVALID_TOKEN")
    client.application.extensions[EXTENSION].verifier.look_now()
    for answer in (login, first, second):
        refused = client.get("/api/actions", headers=headers_of(answer))
        assert_refused(refused, 401, "INVALID_TOKEN")
    again = client.post("/api/auth/login", json=CREDENTIALS)
    assert client.get("/api/actions", headers=headers_of(again)).status_code == 200


def test_a_stranger_who_guesses_cannot_end_a_session(store: Store, session: Session) -> None:
    secret = session.refresh_token.partition(".")[2]
    for guess in (str(session.session_id), f"{session.session_id}.{secret}", f".{secret}", secret):
        with pytest.raises(InvalidTokenError):
            refresh(store, guess)
    assert refresh(store, session.refresh_token).session_id == session.session_id


def test_an_expired_session_gives_nothing(store: Store, session: Session) -> None:
    with pytest.raises(InvalidTokenError):
        refresh(store, session.refresh_token, seconds=86401)


def test_no_refresh_token_can_be_read_from_the_store(store: Store, session: Session) -> None:
    after = refresh(store, session.refresh_token)
    with store.write() as connection:
        row = connection.execute(select(tables.sessions)).one()
    stored = b"".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))
    for part in (*session.refresh_token.split("."), *after.refresh_token.split(".")):
        assert part.encode() not in stored


def test_a_login_right_after_a_revocation_gives_tokens_that_work(client: FlaskClient) -> None:
    application = client.application.extensions[EXTENSION]
    before = client.post("/api/auth/register", json=CREDENTIALS)
    user_id = UUID(before.get_json()["userId"])
    for _ in range(3):
        revoke_user(application.store, user_id=user_id, until=UNTIL)
        application.verifier.look_now()
        refused = client.get("/api/actions", headers=headers_of(before))
        assert_refused(refused, 401, "INVALID_TOKEN")
        login = client.post("/api/auth/login", json=CREDENTIALS)
        refreshed = post_refresh(client, login.get_json()["refreshToken"])
        for answer in (login, refreshed):
            assert client.get("/api/actions", headers=headers_of(answer)).status_code == 200
        before = login


def test_a_socket_s_ticket_after_a_revocation_holds_until_the_next_one(
    client: FlaskClient,
) -> None:
    application = client.application.extensions[EXTENSION]
    user_id = UUID(client.post("/api/auth/register", json=CREDENTIALS).get_json()["userId"])
    revoke_user(application.store, user_id=user_id, until=UNTIL)
    login = client.post("/api/auth/login", json=CREDENTIALS)
    ticket = client.post("/api/realtime/ticket", headers=headers_of(login)).get_json()["ticket"]
    credential = read_credential(
        application.verifier,
        application.store,
        authorization=None,
        protocols=["laurel.v1", f"ticket.{ticket}"],
        origin=None,
        admit=lambda _user_id: None,
    )
    application.verifier.look_now()
    assert not credential.is_revoked(application.verifier)
    revoke_user(application.store, user_id=user_id, until=UNTIL)
    application.verifier.look_now()
    assert credential.is_revoked(application.verifier)


def test_a_session_that_is_opened_during_a_revocation_is_opened_after_it(
    store: Store, identity: Identity
) -> None:
    opened: list[Session] = []

    def log_in() -> None:
        opened.append(open_session(store, identity=identity, now=NOW, lifetime_seconds=86400))

    with store.write() as connection:
        delete_sessions_of(connection, user_id=identity.user_id)
        thread = threading.Thread(target=log_in)
        thread.start()
        thread.join(0.2)
        assert not opened
        insert_revocation(
            connection,
            kind=RevocationKind.USER,
            subject=str(identity.user_id),
            expires_at=UNTIL,
        )
    thread.join(5)
    with store.write() as connection:
        revoked_at = connection.execute(select(tables.revocations.c.revoked_at)).scalar_one()
    assert opened[0].opened_at > revoked_at
    assert refresh(store, opened[0].refresh_token).session_id == opened[0].session_id
