"""Two browsers on the page `/`: one plays, and the other sees it happen."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit
from tests.e2e.pages.rounds import play_round, read_session, wait_until_live
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("room_at_the_top")]


def test_what_one_plays_moves_the_board_of_the_other(
    stack: Stack, api: Api, browser: Browser
) -> None:
    address = f"http://127.0.0.1:{stack.port}/"
    # Each has a context of its own, as on two machines.
    player, watcher = Visit(browser, address), Visit(browser, address)
    for visit in (player, watcher):
        wait_until_live(visit.page)
    total = play_round(player.page)
    name = read_session(player.page)["username"]
    # Among the first ten, and below what this system holds for an hour.
    token = read_session(player.page)["accessToken"]
    for score in (1000, 1000, 1000, 1000, 200):
        assert api.complete(token, score).status == 200
        total += score
    row = watcher.page.locator("#rows tr", has_text=name)
    expect(row.locator(".points")).to_have_text(f"{total:,}")
    total += play_round(player.page)
    expect(row.locator(".points")).to_have_text(f"{total:,}")
    # Nobody there has an account: looking on needs none.
    assert read_session(watcher.page)["kind"] == "spectator"
    for visit in (player, watcher):
        assert visit.problems == []
        visit.page.close()
