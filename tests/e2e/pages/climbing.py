"""Scores that bring a player among the first rows of a board to which other tests have played."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from tests.e2e.api import Api, action

BATCH = "/api/actions/batch"
MOST_PER_ACTION = 1000


def points_above(api: Api, place: int, path: str = "/api/boards/global/standings") -> int:
    """Return what is one more than the player at this place has; 1 where there is none."""
    token = api.call("POST", "/api/auth/spectate").body["accessToken"]
    rows = api.get(f"{path}?limit={place}", token=token).body["leaderboard"]
    return int(rows[place - 1]["score"]) + 1 if len(rows) == place else 1


def bring(api: Api, player: dict[str, Any], points: int) -> None:
    """Let the player have so many points, with actions of which none is too large."""
    token = player.get("accessToken") or player["token"]
    for each in _split(points):
        assert api.complete(token, each).status == 200


def make_actions(points: int) -> list[dict[str, Any]]:
    """Return the actions of a batch that bring so many points in one step."""
    return [action(score) for score in _split(points)]


def _split(points: int) -> list[int]:
    whole, rest = divmod(points, MOST_PER_ACTION)
    return [*[MOST_PER_ACTION] * whole, rest]


def add_leaders(api: Api) -> list[dict[str, Any]]:
    """Register two players above all others, the first 50 `points` ahead of the second."""
    base = points_above(api, 1)
    players = [api.register(f"lead-{uuid4().hex[:10]}") for _ in range(2)]
    for player, ahead in zip(players, (50, 0), strict=True):
        player["points"] = base + ahead
        bring(api, player, player["points"])
    return players


def row_of(page: Page, player: dict[str, Any]) -> Locator:
    """Return the row of the player."""
    return page.locator(f'#rows tr[data-user="{player["userId"]}"]')


def find_shown(page: Page, player: dict[str, Any]) -> Locator:
    """Return the row of a leader once it has all points: what comes then is a change."""
    row = row_of(page, player)
    expect(row).to_have_attribute("data-score", str(player["points"]))
    return row
