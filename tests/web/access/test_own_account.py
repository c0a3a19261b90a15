"""One's own account: a new name or password, the export, and the end of it."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.accounts.tickets import redeem_ticket
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import compare_board, rebuild_board
from domain.errors import InvalidTokenError
from domain.events.wire import parse_bus_message
from domain.store.redis import keys
from domain.store.redis.client import connect_redis
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.web.access.test_accounts import PASSWORD, Bearer, as_player, login, register
from tests.web.http.bodies import AT_ONCE, COMPLETE, Headers, assert_refused, make_body
from workers.context import WorkerContext

OWN = "/api/users/me"
PSEUDONYM = re.compile(r"player-[0-9a-f]{24}")


@pytest.fixture
def ann(client: FlaskClient, worker_context: WorkerContext) -> Any:
    """A registered player with a score on a trusted board; the answer of the registration."""
    answer = register(client)
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    play(worker_context, UUID(answer.get_json()["userId"]))
    return answer


def play(context: WorkerContext, user_id: UUID, **overrides: Any) -> None:
    complete_actions(context, [make_action(user_id=user_id, **overrides)])


def change(client: FlaskClient, headers: Headers, **body: Any) -> Any:
    return client.patch(OWN, json=body, headers=headers)


def names_on_board(store: Store) -> list[str]:
    return [row.username for row in read_top(store, board=GLOBAL_BOARD).standings]


def test_a_new_name_is_shown_everywhere_at_once(
    client: FlaskClient, store: Store, ann: Any, bearer: Bearer
) -> None:
    user_id, headers = ann.get_json()["userId"], as_player(ann)
    score = f"/api/users/{user_id}/score"
    for _ in range(2):
        assert client.get(score, headers=headers).get_json()["username"] == "ann"
    bus = store.redis.subscribe(keys.bus_channel(GLOBAL_BOARD))
    assert bus.get_message(timeout=1)["type"] == "subscribe"
    changed = change(client, headers, username=" Ānna  B ", currentPassword=PASSWORD)
    assert (changed.status_code, changed.get_json()) == (
        200,
        {"userId": user_id, "username": "Ānna B"},
    )
    assert names_on_board(store) == ["Ānna B"]
    assert client.get(score, headers=headers).get_json()["username"] == "Ānna B"
    message = parse_bus_message(bus.get_message(timeout=1)["data"])
    bus.close()
    assert [row.username for row in message.top.standings] == ["Ānna B"]
    assert (message.actions, message.ranks) == ((), {})
    assert compare_board(store, board=GLOBAL_BOARD).repaired == 0
    assert_refused(login(client), 401, "INVALID_CREDENTIALS")
    assert login(client, "ānna b").status_code == 200
    assert register(client, "ann").status_code == 201


def test_a_name_of_before_the_first_action_is_not_cached(client: FlaskClient, store: Store) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    headers = as_player(registered := register(client))
    score = f"/api/users/{registered.get_json()['userId']}/score"
    assert client.get(score, headers=headers).get_json()["username"] == "ann"
    assert change(client, headers, username="bob", currentPassword=PASSWORD).status_code == 200
    assert client.get(score, headers=headers).get_json()["username"] == "bob"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "bob"}, 401, "INVALID_CREDENTIALS"),
        ({"username": "bob", "currentPassword": "wrong password"}, 401, "INVALID_CREDENTIALS"),
        ({"password": "another one"}, 401, "INVALID_CREDENTIALS"),
        ({"username": "TAKEN", "currentPassword": PASSWORD}, 409, "USERNAME_TAKEN"),
        ({"username": "ассе", "currentPassword": PASSWORD}, 409, "USERNAME_TAKEN"),
        ({"username": "аnn", "currentPassword": PASSWORD}, 400, "INVALID_PAYLOAD"),
        ({"username": "\u3164" * 3, "currentPassword": PASSWORD}, 400, "INVALID_PAYLOAD"),
        ({"password": "short", "currentPassword": PASSWORD}, 400, "INVALID_PAYLOAD"),
        ({"currentPassword": PASSWORD}, 400, "INVALID_PAYLOAD"),
        ({"username": None}, 400, "INVALID_PAYLOAD"),
        ({"username": "bob", "role": "admin"}, 400, "INVALID_PAYLOAD"),
        ({}, 400, "INVALID_PAYLOAD"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    client: FlaskClient, store: Store, ann: Any, body: Any, status: int, code: str
) -> None:
    for name in ("taken", "acce"):
        register(client, name)
    assert_refused(change(client, as_player(ann), **body), status, code)
    assert names_on_board(store) == ["ann"]
    assert login(client).status_code == 200


def test_one_s_own_name_in_other_letters_is_not_taken(client: FlaskClient, ann: Any) -> None:
    changed = change(client, as_player(ann), username="ANN", currentPassword=PASSWORD)
    assert changed.get_json()["username"] == "ANN"
    again = change(client, as_player(ann), username="ANN", currentPassword=PASSWORD)
    assert again.status_code == 200


def test_a_new_password_ends_the_other_sessions(client: FlaskClient, ann: Any) -> None:
    other = login(client)
    done = change(client, as_player(ann), password="another one", currentPassword=PASSWORD)
    assert done.status_code == 200
    assert client.get("/api/actions", headers=as_player(ann)).status_code == 200
    assert_refused(client.get("/api/actions", headers=as_player(other)), 401, "INVALID_TOKEN")
    for session, status in ((ann, 200), (other, 401)):
        token = {"refreshToken": session.get_json()["refreshToken"]}
        assert client.post("/api/auth/refresh", json=token).status_code == status
    assert_refused(login(client), 401, "INVALID_CREDENTIALS")
    assert login(client, password="another one").status_code == 200


def test_a_deleted_account_leaves_its_score_under_a_pseudonym(
    client: FlaskClient, store: Store, ann: Any, tmp_path: Path
) -> None:
    headers, user_id = as_player(ann), UUID(ann.get_json()["userId"])
    ticket = client.post("/api/realtime/ticket", headers=headers).get_json()["ticket"]
    (before,) = read_top(store, board=GLOBAL_BOARD).standings
    assert (
        client.delete(OWN, json={"currentPassword": PASSWORD}, headers=headers).status_code == 204
    )
    (after,) = read_top(store, board=GLOBAL_BOARD).standings
    assert PSEUDONYM.fullmatch(after.username)
    assert user_id.hex[:12] not in after.username
    assert (after.user_id, after.score, after.last_update) == (
        user_id,
        before.score,
        before.last_update,
    )
    assert_refused(login(client), 401, "INVALID_CREDENTIALS")
    assert_refused(client.get("/api/actions", headers=headers), 401, "INVALID_TOKEN")
    # Twice: the token ended with the account.
    again = client.delete(OWN, json={"currentPassword": PASSWORD}, headers=headers)
    assert_refused(again, 401, "INVALID_TOKEN")
    refresh = {"refreshToken": ann.get_json()["refreshToken"]}
    assert client.post("/api/auth/refresh", json=refresh).status_code == 401
    with pytest.raises(InvalidTokenError):
        redeem_ticket(store, ticket=ticket, origin=None, now=before.last_update)
    stored = dump_everything(store)
    assert "ann" not in re.findall(r"\w+", stored)
    assert [report for report in verify(store, archive_path=tmp_path) if not report.holds] == []
    assert register(client).status_code == 201


@pytest.mark.parametrize("body", [{}, {"currentPassword": "wrong password"}])
def test_an_account_with_a_password_is_deleted_with_it_only(
    client: FlaskClient, store: Store, ann: Any, body: Any
) -> None:
    refused = client.delete(OWN, json=body, headers=as_player(ann))
    assert_refused(refused, 401, "INVALID_CREDENTIALS")
    assert client.delete(OWN, headers=as_player(ann)).status_code == 401
    assert names_on_board(store) == ["ann"]
    assert client.get("/api/actions", headers=as_player(ann)).status_code == 200


def test_guesses_of_the_password_are_limited_as_logins_are(client: FlaskClient, ann: Any) -> None:
    guess = {"username": "bob", "currentPassword": "wrong password"}
    # In two minutes at most: of 21 guesses more than ten are in one of them.
    statuses = [change(client, as_player(ann), **guess).status_code for _ in range(21)]
    assert statuses[0] == 401
    assert 429 in statuses


def test_an_action_that_is_pending_is_applied_after_the_deletion(
    client: FlaskClient,
    store: Store,
    worker_context: WorkerContext,
    ann: Any,
    tmp_path: Path,
) -> None:
    user_id = UUID(ann.get_json()["userId"])
    pending = accept_actions(
        store, actions=[make_action(user_id=user_id, username="ann")], reply_to=None
    )
    body = {"currentPassword": PASSWORD}
    assert client.delete(OWN, json=body, headers=as_player(ann)).status_code == 204
    finish_batch(worker_context, pending.batches[0].batch_id)
    (row,) = read_top(store, board=GLOBAL_BOARD).standings
    assert PSEUDONYM.fullmatch(row.username)
    assert row.score == 200
    assert [report for report in verify(store, archive_path=tmp_path) if not report.holds] == []


def test_a_player_of_another_identity_provider_has_no_password_to_give(
    client: FlaskClient, store: Store, worker_context: WorkerContext, bearer: Bearer
) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    user, stranger = uuid4(), uuid4()
    play(worker_context, user, username="hero")
    assert_refused(change(client, bearer(stranger), username="zoe"), 404, "NOT_FOUND")
    assert_refused(change(client, bearer(user), password="long enough"), 403, "FORBIDDEN")
    assert change(client, bearer(user), username="zoe").status_code == 200
    assert names_on_board(store) == ["zoe"]
    for token in (bearer(user), bearer(stranger)):
        assert client.delete(OWN, headers=token).status_code == 204
        assert_refused(client.delete(OWN, headers=token), 401, "INVALID_TOKEN")
    assert PSEUDONYM.fullmatch(names_on_board(store)[0])


def test_without_redis_a_name_changes_and_the_board_follows_later(
    client: FlaskClient, store: Store, ann: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = connect_redis("redis://127.0.0.1:1/0")
    with monkeypatch.context() as outage:
        outage.setattr(type(store.redis), "run", away.run)
        outage.setattr(type(store.redis), "run_script", away.run_script)
        changed = change(client, as_player(ann), username="bob", currentPassword=PASSWORD)
        assert changed.status_code == 200
        assert names_on_board(store) == ["bob"]
    assert names_on_board(store) == ["ann"]
    assert compare_board(store, board=GLOBAL_BOARD).repaired == 1
    assert names_on_board(store) == ["bob"]


def test_the_export_has_all_that_is_stored_page_by_page(
    intake_client: FlaskClient, bearer: Bearer
) -> None:
    answer = register(intake_client)
    headers = {**as_player(answer), **AT_ONCE}
    bodies = [make_body() for _ in range(3)]
    for body in bodies:
        assert intake_client.post(COMPLETE, json=body, headers=headers).status_code == 202
    first = intake_client.get(f"{OWN}?limit=2", headers=headers).get_json()
    second = intake_client.get(f"{OWN}?cursor={first['nextCursor']}", headers=headers).get_json()
    seen = [action["actionId"] for page in (first, second) for action in page["actions"]]
    assert seen == [body["actionId"] for body in reversed(bodies)]
    assert second["nextCursor"] is None
    assert (first["username"], first["hasPassword"], first["score"]) == ("ann", True, 0)
    assert first["userId"] == answer.get_json()["userId"]
    assert [set(session) for session in first["sessions"]] == [
        {"sessionId", "createdAt", "expiresAt"}
    ]
    assert "argon2" not in str(first)
    assert_refused(intake_client.get(OWN, headers=bearer()), 404, "NOT_FOUND")
    assert_refused(intake_client.get(f"{OWN}?cursor=xxx", headers=headers), 400, "INVALID_PAYLOAD")


def dump_everything(store: Store) -> str:
    """Return every row of the tables that may name a player, as text."""
    tables = ("users", "sessions", "realtime_tickets", "audit_log", "revocations")
    with store.write() as connection:
        return "\n".join(
            str(row)
            for table in tables
            for row in connection.execute(text(f"SELECT t::text FROM {table} t"))
        )
