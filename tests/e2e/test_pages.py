"""The pages in a real browser, with their security policy and without the internet."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.stack import Stack


def test_a_guest_plays_and_sees_live_changes_of_the_board(
    stack: Stack, api: Api, browser: Browser
) -> None:
    visit = Visit(browser, f"http://127.0.0.1:{stack.port}/")
    page = visit.page
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    expect(page.locator("#name")).to_contain_text("guest-")
    page.locator("#points").fill("1000")
    for total in ("1,000", "2,000"):
        page.get_by_role("button", name="Complete an action").click()
        expect(page.locator("#own-score")).to_have_text(total)
    expect(page.locator("#answer-line")).to_have_text("200 · Applied: 1000 → 2000")
    own = page.locator("#rows tr.own")
    expect(own.locator(".score")).to_have_text("2,000")
    rank = page.locator("#own-rank").inner_text()
    expect(own.locator(".rank")).to_have_text(rank)
    assert own.locator(".rank").bounding_box()["x"] == column(page, "rank")
    assert own.locator(".score").bounding_box()["x"] == column(page, "score")

    rival = api.register()
    for _ in range(3):
        assert api.complete(rival["accessToken"], 1000).status == 200
    row = page.locator("#rows tr", has_text=rival["username"])
    expect(row.locator(".score")).to_have_text("3,000")
    expect(own.locator(".rank")).to_have_text(str(int(rank) + 1))
    expect(page.locator("#own-rank")).to_have_text(str(int(rank) + 1))
    keep_picture(page, "home")
    assert visit.problems == []
    page.close()


def test_the_page_shows_why_an_action_was_refused(stack: Stack, browser: Browser) -> None:
    visit = Visit(browser, f"http://127.0.0.1:{stack.port}/")
    page = visit.page
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    page.locator("#points").fill("1")
    button = page.get_by_role("button", name="Complete an action")
    for number in range(10):
        button.click()
        expect(page.locator("#own-score")).to_have_text(str(number + 1))
        expect(button).to_be_enabled()
    button.click()
    expect(page.locator("#answer-line")).to_contain_text("403")
    expect(page.locator("#answer-line")).to_contain_text("VELOCITY")
    expect(page.locator("#own-score")).to_have_text("10")
    keep_picture(page, "refused")
    page.close()


def test_the_page_reconnects_when_the_live_process_restarts(stack: Stack, browser: Browser) -> None:
    page = Visit(browser, f"http://127.0.0.1:{stack.port}/").page
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    stack.kill("live")
    expect(page.locator("#state")).not_to_have_attribute("data-state", "live")
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=20_000)
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


def column(page: Page, name: str) -> float:
    """Return the left edge of a column of the board."""
    box = page.locator(f"thead .{name}").bounding_box()
    assert box is not None
    return box["x"]
