"""A moderator at the page, and cheaters to find there; used by the tests of this folder."""

from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit
from tests.e2e.stack import Stack

# As the stack of the tests is set up, more than this within an hour is held.
HELD_ABOVE = 5


def issue_moderator(stack: Stack, role: str = "moderator") -> str:
    """Return a token with a role, of a new user."""
    issued = stack.flask("tokens", "issue", "--role", role)
    assert issued.returncode == 0, issued.stderr
    return issued.stdout.strip()


def cheat(api: Api, username: str | None = None, *, held: int = 2) -> dict[str, Any]:
    """Return a new player with five applied actions of 1,000 points, and `held` held ones."""
    player = api.register(username)
    sent = [api.complete(player["accessToken"], 1000) for _ in range(HELD_ABOVE + held)]
    assert [answer.status for answer in sent] == [200] * HELD_ABOVE + [202] * held
    ids = [answer.body["actionId"] for answer in sent]
    return player | {"applied": ids[:HELD_ABOVE], "held": ids[HELD_ABOVE:]}


class Desk:
    """The page, opened by a moderator."""

    def __init__(self, stack: Stack, browser: Browser, *, at: str = "") -> None:
        self.visit = Visit(browser, f"http://127.0.0.1:{stack.port}/moderation{at}")
        self.page: Page = self.visit.page

    def use_token(self, token: str) -> None:
        """Type a token and send it."""
        self.page.locator("#token").fill(token)
        self.page.get_by_role("button", name="Use the token").click()

    def sign_in(self, token: str) -> None:
        """Come in with a moderator's token."""
        self.use_token(token)
        expect(self.page.locator("#work")).to_be_visible()

    def open_player(self, player: dict[str, Any]) -> None:
        """Show a player, found by id."""
        self.page.locator("#search-text").fill(player["userId"])
        self.page.get_by_role("button", name="Find", exact=True).click()
        expect(self.page.locator("#dossier-name")).to_have_text(player["username"])

    def row(self, action_id: str) -> Locator:
        """Return the row of an action."""
        return self.page.locator(f'#actions > li[data-key="{action_id}"]')

    def choose(self, *action_ids: str) -> None:
        """Choose actions of the list."""
        for action_id in action_ids:
            self.row(action_id).locator("input").check()

    def show_all(self) -> None:
        """List the actions that were never held too."""
        self.page.locator("#which").select_option("all")

    def decide(self, decision: str, reason: str | None = None) -> None:
        """Press the button of a decision, after writing a reason."""
        if reason is not None:
            self.page.locator("#reason").fill(reason)
        self.button(decision).click()

    def button(self, decision: str) -> Locator:
        """Return the button of a decision."""
        return self.page.locator(f'[data-decision="{decision}"]')

    def expect_status(self, action_id: str, status: str) -> None:
        """Wait until an action has a status, in the words of the page."""
        expect(self.row(action_id).locator('[data-slot="status"]').first).to_have_text(status)

    def close(self) -> None:
        """Leave the page."""
        self.page.close()
