"""The export of everything: each action once, archived ones too, and nothing of others."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, text
from werkzeug.test import TestResponse

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.store import Store
from tests.archives import APRIL, MARCH, archive_all, drop_old_months, move_to_the_past
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.web.access.test_accounts import as_player, register
from tests.web.http.bodies import Headers, assert_refused
from web.routes.own import own_export
from workers.context import WorkerContext

EXPORT = "/api/users/me/export"
NOW = datetime.now(UTC)


@pytest.fixture
def ann(client: FlaskClient, store: Store) -> Any:
    rebuild_board(store, board=GLOBAL_BOARD)
    return register(client)


def play(context: WorkerContext, user_id: UUID, count: int) -> list[str]:
    """Complete actions of the player among those of others; return the ids, the newest first."""
    mine = [make_action(user_id=user_id, score=1) for _ in range(count)]
    others = [make_action(user_id=uuid4(), score=1) for _ in range(3)]
    complete_actions(context, [others[0], *mine, *others[1:]])
    return [str(action.action_id) for action in reversed(mine)]


def export(client: FlaskClient, headers: Headers, *, limit: int) -> list[dict[str, Any]]:
    pages, cursor = [], None
    while True:
        body = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = client.post(EXPORT, json=body, headers=headers)
        assert answer.status_code == 200, answer.get_json()
        pages.append(answer.get_json())
        cursor = pages[-1]["nextCursor"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_live_and_archived_actions_are_exported_once_the_newest_first(
    client: FlaskClient,
    store: Store,
    settings: Settings,
    worker_context: WorkerContext,
    ann: Any,
    limit: int,
) -> None:
    user_id = UUID(ann.get_json()["userId"])
    try:
        oldest = play(worker_context, user_id, 3)
        move_to_the_past(store, MARCH)
        archive_all(store, settings.archive_path, part_rows=2)
        older = play(worker_context, user_id, 2)
        move_to_the_past(store, APRIL)
        archive_all(store, settings.archive_path, part_rows=2)
        newest = play(worker_context, user_id, 3)
        pages = export(client, as_player(ann), limit=limit)
    finally:
        drop_old_months(store)
    seen = [action["actionId"] for page in pages for action in page["actions"]]
    assert seen == newest + older + oldest
    assert all(len(page["actions"]) <= limit for page in pages)
    assert [page["account"] is None for page in pages] == [False] + [True] * (len(pages) - 1)
    kinds = {frozenset(action) for page in pages for action in page["actions"]}
    assert len(kinds) == 1


def test_what_fraud_detection_and_moderation_have_stored_is_in_it(
    client: FlaskClient, store: Store, worker_context: WorkerContext, ann: Any
) -> None:
    user_id = UUID(ann.get_json()["userId"])
    play(worker_context, user_id, 2)
    device, address, session, action = (uuid4() for _ in range(4))
    with store.write() as connection:
        client_no = connection.execute(
            insert(tables.clients)
            .values(
                device=device,
                names_device=True,
                address=address,
                country="DE",
                latitude=52.5,
                longitude=13.5,
                is_hosting=False,
            )
            .returning(tables.clients.c.client_no)
        ).scalar_one()
        connection.execute(text("UPDATE user_actions SET client_no = :no"), {"no": client_no})
        for table, row in (
            (
                tables.play_sessions,
                {"session_id": session, "expires_at": NOW + timedelta(hours=1)},
            ),
            (tables.second_factors, {"secret": b"of the player", "confirmed_at": NOW}),
            (tables.granted_roles, {"role": "moderator"}),
            (tables.appeals, {"action_id": action, "message": "It was me"}),
            (
                tables.bans,
                {"reason": "CHEATING", "note": "among moderators", "by": "eve", "ended_at": NOW},
            ),
        ):
            connection.execute(insert(table), {"user_id": user_id, **row})
    answer = client.post(EXPORT, json={}, headers=as_player(ann))
    account = answer.get_json()["account"]
    assert (account["username"], account["hasSecondFactor"]) == ("ann", True)
    (seen,) = account["clients"]
    assert (seen["country"], seen["latitude"], seen["actions"]) == ("DE", 52.5, 2)
    assert [each["sessionId"] for each in account["playSessions"]] == [str(session)]
    assert [each["message"] for each in account["appeals"]] == ["It was me"]
    assert [each["reason"] for each in account["bans"]] == ["CHEATING"]
    assert [each["role"] for each in account["roles"]] == ["moderator"]
    for hidden in (str(device), str(address), "of the player", "among moderators", "argon2"):
        assert hidden not in answer.text


def test_bad_cursors_and_bodies_are_refused(client: FlaskClient, ann: Any) -> None:
    headers = as_player(ann)
    for body in (
        {"cursor": "xxx"},
        {"cursor": ""},
        {"cursor": 5},
        {"limit": 0},
        {"limit": 1001},
        {"limit": "5"},
        {"other": 1},
    ):
        assert_refused(client.post(EXPORT, json=body, headers=headers), 400, "INVALID_PAYLOAD")


def test_an_archive_that_is_missing_is_told_and_live_actions_are_exported(
    client: FlaskClient,
    store: Store,
    settings: Settings,
    worker_context: WorkerContext,
    ann: Any,
) -> None:
    user_id = UUID(ann.get_json()["userId"])
    try:
        play(worker_context, user_id, 3)
        move_to_the_past(store, MARCH)
        archive_all(store, settings.archive_path)
        for path in settings.archive_path.glob("*.gz"):
            path.unlink()
        headers = as_player(ann)
        first = client.post(EXPORT, json={}, headers=headers)
        assert first.status_code == 200
        body = {"cursor": first.get_json()["nextCursor"]}
        assert_refused(client.post(EXPORT, json=body, headers=headers), 500, "INTERNAL_ERROR")
    finally:
        drop_old_months(store)


def test_few_read_archives_at_once_and_the_others_are_told_to_come_back(
    client: FlaskClient, ann: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy: list[TestResponse] = []

    def read_slowly(*_: Any, **__: Any) -> Any:
        # Who comes while the others read: the third is one too many.
        busy.append(ask())
        return [], None

    def ask() -> TestResponse:
        return client.post(EXPORT, json={"cursor": "archives"}, headers=as_player(ann))

    monkeypatch.setattr(own_export, "list_archived_actions", read_slowly)
    assert ask().status_code == 200
    assert [answer.status_code for answer in busy] == [503, 200]
    assert_refused(busy[0], 503, "SERVICE_UNAVAILABLE")
    assert "Retry-After" in busy[0].headers
    assert ask().status_code == 200
