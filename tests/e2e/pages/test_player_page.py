"""The page of a player: one's own and another's, live, with any name, and of who is not there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api, action
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

SECONDS_OF_A_READ = 25_000
NAMES = (
    "<img src=x onerror=alert(1)>",
    "ماريا الحسن",
    "MWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMW",
)
BECOME_GUEST = """async () => {
    const { session } = await import("/assets/session.js");
    await session.becomeGuest();
    return session.userId;
}"""
POST = """async (body) => {
    const { session } = await import("/assets/session.js");
    return (await session.request("POST", "/api/actions/complete", { body })).status;
}"""

HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def rival(api: Api) -> dict[str, Any]:
    """A player who is first on the board, and has two actions."""
    player = api.register()
    for _ in range(2):
        answer = api.complete(player["accessToken"], 1000, metadata={"actionType": "quest"})
        assert answer.status == 200
    return player


@pytest.fixture
def visit(stack: Stack, browser: Browser, rival: dict[str, Any]) -> Iterator[Visit]:
    """The page of the rival, as a spectator sees it."""
    opened = Visit(browser, address(stack, rival))
    expect(opened.page.locator("#boards tbody tr").first).to_be_visible()
    yield opened
    opened.page.close()


def address(stack: Stack, player: dict[str, Any]) -> str:
    """Return the address of a player's page."""
    return f"http://127.0.0.1:{stack.port}/players/{player['userId']}"


def test_another_s_page_has_what_is_public_and_is_live(
    visit: Visit, api: Api, rival: dict[str, Any]
) -> None:
    page = visit.page
    expect(page.locator("h1 bdi")).to_have_text(rival["username"])
    expect(page.locator("#score")).to_have_text("2,000")
    expect(page.locator("#rank")).to_have_text(re.compile(r"^\d+$"))
    expect(page.locator("#actions")).to_have_text("2")
    expect(page.locator("#average")).to_have_text("1,000")
    expect(page.locator("#self")).to_be_hidden()
    expect(page.locator("#boards tbody tr", has_text="All time")).to_contain_text("2,000")
    expect(page.locator("#last tbody tr")).to_have_text([re.compile(r"^quest\+1,000")] * 2)
    expect(page.locator("#plot canvas")).to_be_visible()
    expect(page.locator("#plot")).to_have_attribute("aria-label", re.compile("Now 2,000"))
    expect(page.locator("#state")).to_have_attribute("data-state", "live")

    token = rival["accessToken"]
    assert api.complete(token, 30).status == 200
    assert api.complete(token, 1001).status == 403
    expect(page.locator("#score")).to_have_text("2,030")
    expect(page.locator("#last tbody tr").first).to_have_text(re.compile(r"^Action\+30"))
    expect(page.locator("#last tbody tr")).to_have_count(3)
    page.locator("#points summary").click()
    expect(page.locator("#point-rows tr")).to_have_count(3)
    expect(page.locator("#point-rows tr .number")).to_have_text(["2,030", "2,000", "1,000"])
    keep_picture(page, "player")
    assert visit.problems == []


def test_who_is_not_followed_is_read_again(visit: Visit, api: Api, rival: dict[str, Any]) -> None:
    page = visit.page
    page.route_web_socket("**/ws", lambda socket: socket.close())
    page.route("**/api/stream*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#boards tbody tr").first).to_be_visible()
    assert api.complete(rival["accessToken"], 7).status == 200
    expect(page.locator("#score")).to_have_text("2,007", timeout=SECONDS_OF_A_READ)


def test_one_s_own_page_shows_what_became_of_each_action(stack: Stack, browser: Browser) -> None:
    visit = Visit(browser, f"http://127.0.0.1:{stack.port}/")
    page = visit.page
    user_id = page.evaluate(BECOME_GUEST)
    page.goto(address(stack, {"userId": user_id}))
    expect(page.locator("#self")).to_have_text("This is you")
    expect(page.locator("#last-words")).to_have_text("You have not played yet.")
    expect(page.locator("#history-words")).to_have_text("No action has counted yet.")
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    keep_picture(page, "player-empty")
    assert_accessible(page)
    assert page.evaluate(POST, new_action(300)) == 200
    expect(page.locator("#score")).to_have_text("300")
    expect(page.locator("#last tbody tr")).to_have_text([re.compile(r"Counted.*\+300")])
    assert page.evaluate(POST, new_action(1001, actionType="<b>bold</b>")) == 403
    first = page.locator("#last tbody tr").first
    expect(first).to_contain_text("Rejected", timeout=SECONDS_OF_A_READ)
    expect(first).to_contain_text("No single action can bring that many points.")
    expect(first.locator("th bdi")).to_have_text("<b>bold</b>")
    expect(page.locator("#last b")).to_have_count(0)
    keep_picture(page, "player-own")
    assert_accessible(page)
    # The refused action is one that the browser reports, and nothing else is.
    assert [problem for problem in visit.problems if "403" not in problem] == []
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_shown_as_it_is_and_fits_a_small_phone(
    stack: Stack, browser: Browser, api: Api, name: str
) -> None:
    player = api.register(name)
    assert api.complete(player["accessToken"], 100).status == 200
    visit = Visit(browser, address(stack, player))
    page = visit.page
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("#boards tbody tr").first).to_be_visible()
    expect(page.locator("h1 bdi")).to_have_text(name)
    expect(page.locator("h1 img")).to_have_count(0)
    assert page.title() == f"{name} · Laurel"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    keep_picture(page, f"player-name-{NAMES.index(name)}")
    assert_accessible(page)
    assert visit.problems == []
    page.close()


def test_when_the_api_is_away_the_numbers_stay_and_it_says_so(visit: Visit) -> None:
    page = visit.page
    page.context.set_offline(True)
    expect(page.locator("#problem")).to_contain_text("Trying again", timeout=SECONDS_OF_A_READ)
    expect(page.locator("#score")).to_have_text("2,000")
    page.context.set_offline(False)
    expect(page.locator("#problem")).to_be_hidden(timeout=SECONDS_OF_A_READ)


def test_nothing_is_asked_while_nobody_looks(visit: Visit, api: Api, rival: dict[str, Any]) -> None:
    page, asked = visit.page, []
    page.clock.install()
    page.reload()
    expect(page.locator("#boards tbody tr").first).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    page.evaluate(HIDE, True)
    page.on("request", lambda request: asked.append(request.url))
    assert api.complete(rival["accessToken"], 30).status == 200
    # The channel goes on.
    expect(page.locator("#score")).to_have_text("2,030")
    page.clock.fast_forward(60_000)
    page.evaluate("fetch('/health/live').then((answer) => answer.text())")
    assert [url for url in asked if "/history" in url] == []
    page.evaluate(HIDE, False)
    expect(page.locator("#actions")).to_have_text("3")


def test_who_is_banned_leaves_the_page(
    visit: Visit, stack: Stack, browser: Browser, rival: dict[str, Any]
) -> None:
    options = ("--reason", "CHEATING", "--note", "a test")
    assert stack.flask("bans", "add", rival["userId"], *options).returncode == 0
    expect(visit.page.locator("#problem")).to_have_text(
        "This player is not shown any more.", timeout=SECONDS_OF_A_READ
    )
    expect(visit.page.locator("h1 bdi")).to_have_text("No such player")
    expect(visit.page.get_by_text(rival["username"])).to_have_count(0)
    expect(visit.page.locator("#score")).to_have_count(0)
    page = browser.new_page()
    answer = page.goto(address(stack, rival))
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="No such player")).to_be_visible()
    keep_picture(page, "no-player")
    assert_accessible(page)
    page.get_by_role("link", name="To the leaderboard").click()
    expect(page).to_have_url(f"http://127.0.0.1:{stack.port}/")
    page.close()


def test_it_is_accessible_in_light_and_dark(visit: Visit) -> None:
    assert_accessible(visit.page)


def new_action(score: int, **metadata: str) -> dict[str, Any]:
    """Return the body of an action of now."""
    return {**action(score), **({"metadata": metadata} if metadata else {})}
