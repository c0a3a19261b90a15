"""Snoozes over HTTP: one check for one player, until a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from domain.fraud.checks.table import CHECKS_BY_NAME
from tests.factories import make_action, make_player
from tests.intakes import fetch
from tests.integration.fraud.screened import execute
from tests.integration.moderation.moderating import list_act_kinds
from tests.pipeline import complete_actions
from tests.web.http.bodies import Headers, assert_refused
from web.schemas.moderation.player_answers import SnoozedSchema
from workers.context import WorkerContext

USERS = "/api/moderation/users"


def snooze(client: FlaskClient, headers: Headers, player: UUID, **overrides: Any) -> Any:
    body = {
        "check": "velocity",
        "until": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
        "reason": "a tournament",
        **overrides,
    }
    return client.post(f"{USERS}/{player}/snooze", headers=headers, json=body)


def test_a_check_is_snoozed_for_one_player_and_counts_again(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    store, player = context.store, make_player(context.store).user_id
    answer = snooze(client, moderator, player)
    assert answer.status_code == 200
    assert SnoozedSchema().validate(answer.get_json()) == {}
    assert snooze(client, moderator, player, check="score_burst").status_code == 200
    (profile,) = fetch(store, "SELECT profile, snoozed FROM player_profiles")
    until = datetime.fromisoformat(answer.get_json()["until"])
    assert profile.profile == ""
    assert profile.snoozed["velocity"] == round(until.timestamp() * 1_000_000)
    path = f"{USERS}/{player}"
    shown = client.get(path, headers=moderator).get_json()["snoozes"]
    assert shown.keys() == {"velocity", "score_burst"}
    assert shown["velocity"] == answer.get_json()["until"]
    for check in ("velocity", "score_burst"):
        assert client.delete(f"{path}/snooze/{check}", headers=moderator).status_code == 204
    for check in ("velocity", "luck", "a%00b"):
        again = client.delete(f"{path}/snooze/{check}", headers=moderator)
        assert_refused(again, 404, "NOT_FOUND")
    assert fetch(store, "SELECT snoozed FROM player_profiles")[0].snoozed is None
    assert list_act_kinds(store) == ["snooze", "snooze", "unsnooze", "unsnooze"]


def test_a_snooze_leaves_what_screening_remembers_and_screening_leaves_the_snooze(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    store, player = context.store, uuid4()
    complete_actions(context, [make_action(user_id=player)])
    (before,) = fetch(store, "SELECT profile, snoozed FROM player_profiles")
    assert snooze(client, moderator, player).status_code == 200
    (snoozed,) = fetch(store, "SELECT profile, snoozed FROM player_profiles")
    assert (snoozed.profile, before.snoozed) == (before.profile, None)
    complete_actions(context, [make_action(user_id=player)])
    (after,) = fetch(store, "SELECT profile, snoozed FROM player_profiles")
    assert after.profile != snoozed.profile
    assert after.snoozed == snoozed.snoozed


def test_screening_begins_a_profile_for_a_snoozed_player_without_a_warning(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    player = make_player(context.store).user_id
    snooze(client, moderator, player)
    with capture_logs() as logs:
        complete_actions(context, [make_action(user_id=player)])
    assert [entry for entry in logs if entry["log_level"] == "warning"] == []


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"check": "luck"}, "check"),
        ({"check": ""}, "check"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"until": None}, "until"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_bad_snooze_is_named_and_changes_nothing(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    overrides: dict[str, Any],
    field: str,
) -> None:
    player = make_player(context.store).user_id
    error = assert_refused(snooze(client, moderator, player, **overrides), 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}
    if overrides.get("check") == "luck":
        assert all(name in error["details"]["fields"]["check"][0] for name in CHECKS_BY_NAME)
    assert fetch(context.store, "SELECT 1 FROM player_profiles") == []
    assert list_act_kinds(context.store) == []


def test_nobody_is_snoozed_who_is_unknown_or_oneself(
    client: FlaskClient,
    context: WorkerContext,
    moderator: Headers,
    bearer: Callable[..., Headers],
) -> None:
    assert_refused(snooze(client, moderator, uuid4()), 404, "NOT_FOUND")
    player = make_player(context.store).user_id
    own = bearer(player, roles=["moderator"])
    assert_refused(snooze(client, own, player), 403, "FORBIDDEN")
    assert list_act_kinds(context.store) == []


@pytest.mark.parametrize("snoozed", ["[1]", '"x"', '{"velocity": 1e30, "pace": "x"}'])
def test_a_snooze_that_is_not_understood_is_not_shown(
    client: FlaskClient, context: WorkerContext, moderator: Headers, snoozed: str
) -> None:
    player = make_player(context.store).user_id
    assert snooze(client, moderator, player).status_code == 200
    change = "UPDATE player_profiles SET snoozed = CAST(:snoozed AS jsonb)"
    execute(context.store, change, snoozed=snoozed)
    shown = client.get(f"{USERS}/{player}", headers=moderator)
    assert (shown.status_code, shown.get_json()["snoozes"]) == (200, {})
