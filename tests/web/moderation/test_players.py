"""Players as moderators see them: search, one player, and snoozes."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.moderation.deciding import Decision
from domain.store.store import Store
from tests.factories import make_action
from tests.integration.moderation.moderating import (
    decide,
    find_case_of,
    hold_actions,
    reject_action,
)
from tests.pipeline import complete_actions
from tests.verification import change
from tests.web.http.bodies import Headers, assert_refused
from web.schemas.moderation.player_answers import FoundPlayersSchema, PlayerOverviewSchema
from workers.context import WorkerContext

USERS = "/api/moderation/users"


def make_players(context: WorkerContext, *names: str) -> dict[str, UUID]:
    """Store players with these names, each with an action."""
    players = {name: uuid4() for name in names}
    complete_actions(
        context, [make_action(user_id=user, username=name) for name, user in players.items()]
    )
    return players


def find(client: FlaskClient, headers: Headers, name: str, **query: Any) -> Any:
    asked = {"name": name, **query}
    answer = client.get(USERS, headers=headers, query_string=asked).get_json()
    assert FoundPlayersSchema().validate(answer) == {}
    return answer


def names_of(found: Any) -> list[str]:
    return [user["username"] for user in found["users"]]


def test_players_are_found_by_how_their_name_begins_page_by_page(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    make_players(context, "Bobby", "bob", "BOBcat", "adam", "bo%b", "Böb")
    assert names_of(find(client, moderator, "BOB")) == ["bob", "Bobby", "BOBcat"]
    first = find(client, moderator, "bob", limit=2)
    assert names_of(first) == ["bob", "Bobby"]
    second = find(client, moderator, "bob", limit=2, cursor=first["nextCursor"])
    assert (names_of(second), second["nextCursor"]) == (["BOBcat"], None)
    assert names_of(find(client, moderator, "bo%")) == ["bo%b"]
    assert names_of(find(client, moderator, "zoe")) == []


def test_a_player_whose_name_looks_like_it_is_found_too(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    make_players(context, "paypaI", "zebra")
    assert names_of(find(client, moderator, "paypal")) == ["paypaI"]


def test_search_shows_the_ban_and_the_case(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    players = make_players(context, "carl", "carla")
    hold_actions(context, player=players["carl"])
    change(
        context.store,
        "INSERT INTO bans (user_id, reason, note, by) VALUES (:id, 'CHEATING', 'seen', 'x')",
        id=players["carla"],
    )
    carl, carla = find(client, moderator, "carl")["users"]
    assert (carl["caseId"], carl["ban"]) == (
        str(find_case_of(context.store, players["carl"])),
        None,
    )
    assert (carla["caseId"], carla["ban"]["reason"], carla["ban"]["until"]) == (
        None,
        "CHEATING",
        None,
    )
    assert carla["score"] == 100


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"name": ""},
        {"name": "x" * 33},
        {"name": "a\0b"},
        {"name": "bob", "cursor": "YTE"},
        {"name": "bob", "cursor": "bgA"},
    ],
)
def test_a_search_without_a_name_or_with_a_foreign_cursor_is_refused(
    client: FlaskClient, moderator: Headers, query: dict[str, str]
) -> None:
    answer = client.get(USERS, headers=moderator, query_string=query)
    assert_refused(answer, 400, "INVALID_PAYLOAD")


def test_names_are_searched_by_their_index(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text(
                "EXPLAIN SELECT user_id FROM users WHERE username_key ~>=~ 'bob'"
                " AND username_key ~<~ 'boc' ORDER BY username_key USING ~<~ LIMIT 20"
            )
        ).scalars()
        lines = "".join(plan)
    assert "ix_users_name_prefix" in lines
    assert "Sort" not in lines


def test_one_player_is_shown_with_all_that_is_known(
    client: FlaskClient, context: WorkerContext, moderator: Headers
) -> None:
    store, player = context.store, uuid4()
    (held,) = hold_actions(context, player=player)
    rejected = reject_action(context, player=player)
    decide(context, held, Decision.RELEASE)
    change(
        store,
        "INSERT INTO appeals (action_id, user_id, message) VALUES (:id, :player, 'why?')",
        id=rejected.action_id,
        player=player,
    )
    shared, device = uuid4(), uuid4()
    change(
        store,
        "WITH made AS (INSERT INTO clients (device, names_device, address, country, is_hosting)"
        " VALUES (:device, false, :shared, '', false) RETURNING client_no)"
        " UPDATE user_actions SET client_no = (SELECT client_no FROM made)",
        device=device,
        shared=shared,
    )
    change(
        store,
        "INSERT INTO client_sightings (subject, user_id) SELECT :shared, u FROM"
        " unnest(ARRAY[CAST(:player AS uuid), gen_random_uuid(), gen_random_uuid()]) u",
        shared=shared,
        player=player,
    )
    answer = client.get(f"{USERS}/{player}", headers=moderator)
    shown = answer.get_json()
    assert PlayerOverviewSchema().validate(shown) == {}
    assert [(action["actionId"], action["status"]) for action in shown["actions"]] == [
        (str(rejected.action_id), "rejected"),
        (str(held.action_id), "applied"),
    ]
    assert [act["kind"] for act in shown["acts"]] == ["release"]
    assert [appeal["message"] for appeal in shown["appeals"]] == ["why?"]
    (used,) = shown["clients"]
    assert (used["actions"], used["othersOnDevice"], used["othersOnAddress"]) == (2, 0, 2)
    assert used["country"] is None
    assert str(shared) not in answer.text
    assert_refused(client.get(f"{USERS}/{uuid4()}", headers=moderator), 404, "NOT_FOUND")
