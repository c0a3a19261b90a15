"""Rewards over HTTP: the caller's own, page by page, and in the export."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask.testing import FlaskClient

from domain.rankings.closing.closing import close_due
from domain.store.store import Store
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    write_row,
)
from tests.web.access.test_accounts import as_player, register
from tests.web.http.bodies import assert_refused

OWN = "/api/users/me/rewards"
REWARDS = [{"ranks": [1, 1], "reward": "gold"}, {"percent": 100, "reward": "pin"}]


def close_days(store: Store, user_id: UUID, *, days: int) -> None:
    """Close days of a board on which the player was second once and then first."""
    version = make_board(store, rewards=REWARDS)
    now = datetime.now(UTC)
    for day in range(days):
        end = now - timedelta(days=days - day)
        ranking = make_ranking(store, version, key=f"day-{day}", end=end)
        add_rows(store, ranking, [50])
        write_row(store, ranking, user_id, 90 if day else 10)
    list(close_due(store))


def test_a_player_sees_the_own_rewards_the_last_one_first_page_by_page(
    client: FlaskClient, store: Store
) -> None:
    answer = register(client)
    user_id, headers = answer.get_json()["userId"], as_player(answer)
    assert client.get(OWN, headers=headers).get_json() == {"rewards": [], "nextCursor": None}
    close_days(store, UUID(user_id), days=2)
    first = client.get(f"{OWN}?limit=2", headers=headers).get_json()
    second = client.get(f"{OWN}?limit=2&cursor={first['nextCursor']}", headers=headers).get_json()
    seen = [*first["rewards"], *second["rewards"]]
    assert [(row["period"], row["rank"], row["reward"]) for row in seen] == [
        ("day-1", 1, "pin"),
        ("day-1", 1, "gold"),
        ("day-0", 2, "pin"),
    ]
    assert second["nextCursor"] is None
    assert {(row["board"], row["segment"]) for row in seen} == {("speedrun", "")}
    assert datetime.fromisoformat(seen[0]["grantedAt"]) <= datetime.now(UTC)
    export = client.get("/api/users/me", headers=headers).get_json()
    assert export["rewards"] == seen


def test_another_player_s_rewards_are_not_shown_and_a_bad_page_is_refused(
    client: FlaskClient, store: Store
) -> None:
    ann, bob = register(client), register(client, "bob")
    close_days(store, UUID(ann.get_json()["userId"]), days=1)
    assert client.get(OWN, headers=as_player(bob)).get_json()["rewards"] == []
    for bad in ("cursor=xxx", "limit=0", "limit=101"):
        refused = client.get(f"{OWN}?{bad}", headers=as_player(ann))
        assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert_refused(client.get(OWN), 401, "UNAUTHORIZED")
