"""Who is banned is refused at the door: alone, in a batch, and through a game server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from domain.store.store import Store
from tests.bans import ban, let_time_pass, unban
from tests.factories import make_player
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, COMPLETE, Headers, assert_refused, make_body
from web.access.bans import Bans
from web.services import EXTENSION

Bearer = Callable[..., Headers]
CREDENTIALS = {"username": "ann_cheats", "password": "a long password"}


def look(client: FlaskClient) -> None:
    client.application.extensions[EXTENSION].verifier.look_now()


@pytest.fixture
def ann(store: Store) -> UUID:
    """A player."""
    return make_player(store).user_id


def test_a_banned_player_s_actions_are_refused_until_the_ban_ends(
    client: FlaskClient, bearer: Bearer, store: Store, batcher: RecordingBatcher, ann: UUID
) -> None:
    until = datetime(2126, 1, 1, tzinfo=UTC)
    ban(store, ann, until=until)
    look(client)
    # Issued after the ban, as by a login: reading is allowed.
    later = bearer(ann)
    answer = client.post(COMPLETE, json=make_body(), headers=later)
    assert_refused(answer, 403, "BANNED")
    details = answer.get_json()["error"]["details"]
    assert details["reason"] == "CHEATING"
    assert datetime.fromisoformat(details["until"]) == until
    assert batcher.taken == []
    assert client.get("/api/actions", headers=later).status_code == 200
    unban(store, ann)
    look(client)
    assert client.post(COMPLETE, json=make_body(), headers=later).status_code == 200


def test_in_a_batch_the_banned_are_refused_alone(
    client: FlaskClient, bearer: Bearer, store: Store, batcher: RecordingBatcher, ann: UUID
) -> None:
    bob = make_player(store).user_id
    ban(store, ann)
    look(client)
    actions = [make_body(userId=str(user)) for user in (bob, ann, bob)]
    answer = client.post(BATCH, json={"actions": actions}, headers=bearer(roles=["service"]))
    assert answer.status_code == 200
    first, refused, last = answer.get_json()["results"]
    assert "error" not in first
    assert "error" not in last
    assert refused["actionId"] == actions[1]["actionId"]
    assert refused["error"]["code"] == "BANNED"
    assert refused["error"]["details"] == {"reason": "CHEATING", "until": None}
    assert [action.user_id for action in batcher.taken] == [bob, bob]


def test_a_ban_ends_sessions_and_tokens_and_a_new_login_reads(
    client: FlaskClient, store: Store
) -> None:
    login = client.post("/api/auth/register", json=CREDENTIALS).get_json()
    headers = {"Authorization": f"Bearer {login['accessToken']}"}
    ban(store, UUID(login["userId"]))
    look(client)
    assert_refused(client.get("/api/users/me", headers=headers), 401, "INVALID_TOKEN")
    refreshed = client.post("/api/auth/refresh", json={"refreshToken": login["refreshToken"]})
    assert_refused(refreshed, 401, "INVALID_TOKEN")
    again = client.post("/api/auth/login", json=CREDENTIALS).get_json()
    headers = {"Authorization": f"Bearer {again['accessToken']}"}
    assert client.get("/api/users/me", headers=headers).status_code == 200
    assert_refused(client.post(COMPLETE, json=make_body(), headers=headers), 403, "BANNED")


def test_a_ban_whose_time_is_over_does_not_count_before_the_keeper_ends_it(
    store: Store, ann: UUID
) -> None:
    now = datetime.now(UTC)
    bans = Bans(lambda: now)
    ban(store, ann, until=now + timedelta(hours=1))
    with store.write() as connection:
        bans.read(connection, is_full=True)
    assert bans.find(ann) is not None
    now += timedelta(hours=1)
    assert bans.find(ann) is None


def test_what_is_new_is_read_as_what_is_all(store: Store, ann: UUID) -> None:
    bans, bob = Bans(), make_player(store).user_id

    def check(*expected: UUID) -> None:
        whole = Bans()
        with store.write() as connection:
            bans.read(connection, is_full=False)
            whole.read(connection, is_full=True)
        for known in (bans, whole):
            assert [user for user in (ann, bob) if known.find(user)] == list(expected)

    check()
    ban(store, ann)
    check(ann)
    ban(store, ann, note="again")
    ban(store, bob, until=datetime.now(UTC) + timedelta(hours=1))
    check(ann, bob)
    unban(store, ann)
    check(bob)
    ban(store, ann)
    unban(store, bob)
    check(ann)
    let_time_pass(store, ann)
    with store.write() as connection:
        bans.read(connection, is_full=True)
    assert bans.find(ann) is None
