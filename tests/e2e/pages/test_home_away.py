"""The page `/` without a script, without the API, after a login has ended, without live changes."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.pages.climbing import add_leaders, row_of
from tests.e2e.pages.rounds import finish_round, play_round, wait_until_live
from tests.e2e.stack import Stack

pytestmark = [
    pytest.mark.extended,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("room_at_the_top"),
]


@pytest.fixture
def url(stack: Stack) -> str:
    """The address of the page."""
    return f"http://127.0.0.1:{stack.port}/"


def test_without_a_script_the_page_has_the_rows(browser: Browser, url: str, api: Api) -> None:
    (first, _) = add_leaders(api)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    expect(row_of(page, first).locator(".points")).to_have_text(re.compile(r"^[\d,]+$"))
    expect(page.locator("h1")).to_contain_text("Laurel keeps the score of a game")
    context.close()


def test_without_the_api_the_page_says_so_and_comes_back(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.route("**/api/**", lambda route: route.abort())
    page.goto(url)
    state = page.locator("#state")
    expect(state).to_have_attribute("data-state", "offline")
    expect(state).to_contain_text("cannot be reached")
    expect(page.locator("#note")).to_contain_text("Trying again")
    finish_round(page)
    expect(page.locator("#answer-chip")).to_have_text("Not counted")
    page.unroute("**/api/**")
    wait_until_live(page)
    expect(page.locator("#note")).to_be_hidden()
    page.get_by_role("button", name="Send the same again").click()
    expect(page.locator("#answer-chip")).to_have_text("Applied")
    page.close()


def test_a_login_that_has_ended_is_renewed(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.goto(url)
    wait_until_live(page)
    play_round(page)
    name = page.locator("#name").inner_text()
    page.evaluate(
        """() => {
          const kept = JSON.parse(localStorage.getItem("laurel-session"));
          const ended = { ...kept, accessToken: "gone", refreshToken: "gone" };
          localStorage.setItem("laurel-session", JSON.stringify(ended));
        }"""
    )
    page.reload()
    wait_until_live(page)
    expect(page.locator("#name")).to_have_text(name)
    play_round(page)
    page.close()


def test_while_the_live_process_is_away_the_board_moves_and_nothing_is_missed(
    browser: Browser, url: str, api: Api, stack: Stack
) -> None:
    first, _ = add_leaders(api)
    page = browser.new_page()
    page.goto(url)
    wait_until_live(page)
    row = row_of(page, first)
    expect(row).to_be_visible()
    play_round(page)
    stack.kill("live")
    expect(page.locator("#state")).not_to_have_attribute("data-state", "live")
    before = int(row.get_attribute("data-score") or 0)
    assert api.complete(first["accessToken"], 7).status == 200
    expect(row).to_have_attribute("data-score", str(before + 7))
    wait_until_live(page)
    expect(row).to_have_attribute("data-score", str(before + 7))
    page.close()
