"""Names and words of players stay text, on wide and narrow screens, and by the keyboard alone."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.api import Api
from tests.e2e.browser import keep_picture
from tests.e2e.moderation.desk import Desk, cheat, issue_moderator
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def moderator(stack: Stack) -> str:
    """A moderator's token."""
    return issue_moderator(stack)


@pytest.fixture(scope="module")
def strangers(stack: Stack) -> list[dict[str, Any]]:
    """Cheaters whose names are long, of another direction, and look like HTML."""
    unique = uuid4().hex[:6]
    names = (
        f"<b onclick=x>{unique}</b>",
        f"{unique}{'W' * (32 - len(unique))}",
        f"محمد الغشاش {int(unique, 16)}",
    )
    with stack.api() as api:
        return [cheat(api, name, held=1) for name in names]


def assert_fits(page: Page) -> None:
    """Check that nothing must be scrolled to the side."""
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_names_and_words_of_players_are_only_text(
    stack: Stack, api: Api, browser: Browser, moderator: str, strangers: list[dict[str, Any]]
) -> None:
    hostile = strangers[0]
    (held,) = hostile["held"]
    words = "<img src=x onerror=alert(1)>\n{{7*7}} ${x}"
    path = f"/api/actions/{held}/appeal"
    appealed = api.call("POST", path, {"message": words}, token=hostile["accessToken"])
    assert appealed.status == 201, appealed.text
    desk = Desk(stack, browser)
    desk.sign_in(moderator)
    page = desk.page
    page.locator("#cases a", has_text=hostile["username"]).click()
    expect(page.locator("#dossier-name")).to_have_text(hostile["username"])
    expect(page.locator("#appeals .words")).to_have_text(words)
    page.get_by_role("button", name="Ban…", exact=True).click()
    expect(page.locator("#ban-title")).to_have_text(f"Ban {hostile['username']}?")
    assert page.locator("main img, main b, dialog b").count() == 0
    page.keyboard.press("Escape")
    assert desk.visit.problems == []
    desk.close()


def test_everything_fits_on_a_narrow_screen(
    stack: Stack, browser: Browser, moderator: str, strangers: list[dict[str, Any]]
) -> None:
    desk = Desk(stack, browser)
    page = desk.page
    page.set_viewport_size(NARROW)
    expect(page.locator("#entry")).to_be_visible()
    assert_fits(page)
    desk.sign_in(moderator)
    for player in strangers:
        page.locator("#cases a", has_text=player["username"]).click()
        expect(page.locator("#dossier-name")).to_have_text(player["username"])
        expect(page.locator("#queue")).to_be_hidden()
        desk.row(player["held"][0]).locator("[data-trace]").click()
        expect(desk.row(player["held"][0]).locator('[data-slot="total"]')).to_be_visible()
        assert_fits(page)
        page.locator("#ban").click()
        assert_fits(page)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Back to the queue").click()
        expect(page.locator("#queue")).to_be_visible()
        assert_fits(page)
    keep_picture(page, "moderation-narrow")
    desk.close()


def test_a_moderator_needs_no_mouse(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player, other = cheat(api), cheat(api, held=1)
    first, second = player["held"]
    desk = Desk(stack, browser)
    page, keys = desk.page, desk.page.keyboard
    page.locator("#token").focus()
    keys.insert_text(moderator)
    keys.press("Enter")
    expect(page.locator("#cases a", has_text=player["username"])).to_be_visible()
    # The newest signal is first: the other's, then the player's.
    keys.press("j")
    expect(page.locator("#cases a", has_text=other["username"])).to_be_focused()
    keys.press("j")
    expect(page.locator("#cases a", has_text=player["username"])).to_be_focused()
    keys.press("k")
    keys.press("j")
    keys.press("Enter")
    expect(page.locator("#dossier-name")).to_be_focused()
    keys.press("c")
    expect(page.locator("#claim-words")).to_contain_text("Claimed by you")
    expect(page.locator("#announcer")).to_contain_text("yours for half an hour")
    keys.press("a")
    expect(desk.row(second).locator("input")).to_be_focused()
    keys.press("j")
    expect(desk.row(first).locator("input")).to_be_focused()
    keys.press("o")
    expect(desk.row(first).locator(".trace")).to_be_visible()
    keys.press("o")
    expect(desk.row(first).locator(".trace")).to_be_hidden()
    # Without a reason nothing is done; it is where one types then.
    keys.press("e")
    expect(page.locator("#reason")).to_be_focused()
    keys.type("jkx a trainer")
    expect(page.locator("#reason")).to_have_value("jkx a trainer")
    for name in ("release", "reject"):
        keys.press("Tab")
        expect(desk.button(name)).to_be_focused()
    keys.press("Enter")
    desk.expect_status(first, "rejected")
    expect(desk.button("reject")).to_be_focused()
    keys.press("a")
    expect(desk.row(second).locator("input")).to_be_focused()
    keys.press("e")
    desk.expect_status(second, "rejected")
    # The focus stays where it was.
    expect(desk.row(second).locator("input")).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("Rejected 1 action of")
    keys.press("u")
    expect(page.locator("#announcer")).to_contain_text("There is nothing to undo.")
    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Next case, or next action")
    dialog.get_by_label("Single keys do something").uncheck()
    keys.press("Escape")
    keys.press("b")
    expect(page.locator("#ban-dialog")).to_be_hidden()
    assert desk.visit.problems == []
    desk.close()
