"""The pages in a real browser, with their security policy and without the internet."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.climbing import bring, points_above
from tests.e2e.pages.rounds import finish_round, play_round, read_session, wait_until_live
from tests.e2e.stack import Stack

pytestmark = pytest.mark.usefixtures("room_at_the_top")


def test_a_guest_plays_and_sees_live_changes_of_the_board(
    stack: Stack, api: Api, browser: Browser
) -> None:
    visit = Visit(browser, f"http://127.0.0.1:{stack.port}/")
    page = visit.page
    wait_until_live(page)
    total = sum(play_round(page) for _ in range(2))
    expect(page.locator("#own-score")).to_have_text(f"{total:,}")
    own = page.locator("#rows tr.own")
    expect(own.locator(".points")).to_have_text(f"{total:,}")
    rank = page.locator("#own-rank").inner_text()
    expect(own.locator(".place")).to_have_text(rank)
    assert left_edge(own, "rank") == left_edge(page.locator("#table thead"), "rank")
    assert left_edge(own, "score") == left_edge(page.locator("#table thead"), "score")

    rival = api.register()
    points = points_above(api, 5) + total
    bring(api, rival, points)
    row = page.locator("#rows tr", has_text=rival["username"])
    expect(row.locator(".points")).to_have_text(f"{points:,}")
    expect(own.locator(".place")).to_have_text(str(int(rank) + 1))
    expect(page.locator("#own-rank")).to_have_text(str(int(rank) + 1))
    keep_picture(page, "home")
    assert visit.problems == []
    page.close()


def test_the_page_says_why_an_action_was_refused(stack: Stack, api: Api, browser: Browser) -> None:
    page = Visit(browser, f"http://127.0.0.1:{stack.port}/").page
    wait_until_live(page)
    points = play_round(page)
    token = read_session(page)["accessToken"]
    for _ in range(9):
        assert api.complete(token, 1).status == 200
    finish_round(page)
    expect(page.locator("#answer-chip")).to_have_text("Rejected")
    expect(page.locator("#answer-sentence")).to_contain_text("Too many actions within a minute")
    expect(page.locator("#answer")).to_contain_text("VELOCITY")
    expect(page.locator("#own-score")).to_have_text(str(points + 9))
    keep_picture(page, "refused")
    page.close()


def test_the_page_reconnects_when_the_live_process_restarts(stack: Stack, browser: Browser) -> None:
    page = Visit(browser, f"http://127.0.0.1:{stack.port}/").page
    wait_until_live(page)
    stack.kill("live")
    expect(page.locator("#state")).not_to_have_attribute("data-state", "live")
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=60_000)
    page.close()


def test_the_contract_can_be_browsed_without_the_internet(stack: Stack, browser: Browser) -> None:
    visit = Visit(browser, f"http://127.0.0.1:{stack.port}/docs")
    page = visit.page
    expect(page.get_by_role("heading", name="Laurel API")).to_be_visible()
    for path in ("/api/actions/complete", "/api/leaderboard", "/api/realtime/ticket"):
        expect(page.get_by_text(path, exact=True).first).to_be_visible()
    keep_picture(page, "docs")
    assert visit.problems == []
    page.close()


def left_edge(part: Locator, name: str) -> float:
    """Return the left edge of a column of the board."""
    box = part.locator(f".{name}").first.bounding_box()
    assert box is not None
    return box["x"]
