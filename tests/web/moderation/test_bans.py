"""Bans over HTTP: by whom, with which answers, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import list_act_kinds
from tests.pipeline import complete_actions
from tests.web.http.bodies import Headers, assert_refused
from web.schemas.moderation.player_answers import BannedSchema
from workers.context import WorkerContext

USERS = "/api/moderation/users"


@pytest.fixture
def player(context: WorkerContext) -> UUID:
    """A player with an applied action."""
    action = make_action()
    complete_actions(context, [action])
    return action.user_id


def read_reached(context: WorkerContext) -> Any:
    (row,) = fetch(context.store, "SELECT reached_seq, withheld_seq FROM user_scores")
    return row


def test_a_player_is_banned_and_shown_so_and_the_ban_ends(
    client: FlaskClient, context: WorkerContext, moderator: Headers, player: UUID
) -> None:
    path, before = f"{USERS}/{player}/ban", read_reached(context)
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    body = {"until": until, "reason": "CHEATING", "note": "an aimbot, on video"}
    answer = client.post(path, headers=moderator, json=body)
    assert answer.status_code == 200
    assert BannedSchema().validate(answer.get_json()) == {}
    assert (answer.get_json()["until"], answer.get_json()["reason"]) == (until, "CHEATING")
    assert read_reached(context).reached_seq is None
    shown = client.get(f"{USERS}/{player}", headers=moderator).get_json()
    assert shown["ban"] == {name: answer.get_json()[name] for name in ("from", "reason", "until")}
    again = client.post(path, headers=moderator, json={"reason": "ABUSE"})
    assert (again.get_json()["until"], again.get_json()["reason"]) == (None, "ABUSE")
    ended = client.delete(path, headers=moderator, json={"reason": "it was the brother"})
    assert ended.status_code == 204
    assert read_reached(context) == before
    refused = client.delete(path, headers=moderator, json={"reason": "again"})
    assert_refused(refused, 404, "NOT_FOUND")
    assert list_act_kinds(context.store) == ["ban", "ban", "unban"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "because"}, "reason"),
        ({"reason": "CHEATING", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"reason": "CHEATING", "until": "forever"}, "until"),
        ({"reason": "CHEATING", "note": "x" * 1001}, "note"),
        ({"reason": "CHEATING", "note": " "}, "note"),
        ({"reason": "CHEATING", "days": 7}, "days"),
    ],
)
def test_a_bad_ban_is_named_and_changes_nothing(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    player: UUID,
    body: dict[str, Any],
    field: str,
) -> None:
    answer = client.post(f"{USERS}/{player}/ban", headers=moderator, json=body)
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}
    assert fetch(context.store, "SELECT 1 FROM bans") == []
    assert list_act_kinds(context.store) == []


def test_a_ban_ends_with_a_reason_only(
    client: FlaskClient, context: WorkerContext, moderator: Headers, player: UUID
) -> None:
    path = f"{USERS}/{player}/ban"
    assert client.post(path, headers=moderator, json={"reason": "OTHER"}).status_code == 200
    assert_refused(client.delete(path, headers=moderator, json={}), 400, "INVALID_PAYLOAD")
    assert read_reached(context).reached_seq is None


def test_nobody_is_banned_who_is_unknown_or_oneself(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    player: UUID,
    bearer: Callable[..., Headers],
) -> None:
    body = {"reason": "OTHER"}
    unknown = client.post(f"{USERS}/{uuid4()}/ban", headers=moderator, json=body)
    assert_refused(unknown, 404, "NOT_FOUND")
    own, path = bearer(player, roles=["admin"]), f"{USERS}/{player}/ban"
    assert_refused(client.post(path, headers=own, json=body), 403, "FORBIDDEN")
    assert_refused(client.delete(path, headers=own, json=body), 403, "FORBIDDEN")
    assert fetch(context.store, "SELECT 1 FROM bans") == []
