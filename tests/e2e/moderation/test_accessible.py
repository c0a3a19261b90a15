"""The moderators' page as axe sees it: signed out, with a case and its trace, and its dialogs."""

from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.moderation.desk import Desk, cheat, issue_moderator
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.stack import Stack


def test_axe_finds_nothing_wrong_before_and_while_moderating(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = cheat(api)
    desk = Desk(stack, browser)
    page = desk.page
    expect(page.locator("#entry")).to_be_visible()
    desk.use_token("not.a.token")
    expect(page.locator("#entry-problem")).to_be_visible()
    assert_accessible(page)

    desk.sign_in(issue_moderator(stack))
    expect(page.locator("#cases")).to_contain_text(player["username"])
    assert_accessible(page)
    desk.open_player(player)
    first, second = player["held"]
    desk.row(first).locator("[data-trace]").click()
    trace = desk.row(first).locator(".trace")
    expect(trace.locator('[data-slot="bar"]')).to_be_visible()
    trace.locator("summary").click()
    desk.choose(second)
    desk.decide("reject", "a trainer")
    desk.expect_status(second, "rejected")
    assert_accessible(page)

    page.get_by_role("button", name="Ban…", exact=True).click()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    assert_accessible(page)
    desk.close()


def test_axe_finds_nothing_wrong_with_a_page_of_an_error(stack: Stack, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{stack.port}/nothing")
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    assert_accessible(page)
    page.close()
