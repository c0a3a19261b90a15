"""A blank page of the server that uses the client as its users do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.stack import Stack
from tests.waiting import wait_until

# A document of the server without scripts; its origin may load the client and open sockets.
BLANK = "/health/live"
SETUP = Path(__file__).with_name("setup.js").read_text(encoding="utf-8")
PATIENCE_SECONDS = 20.0


class ClientPage:
    """One page: `start` makes the client, then all that it was told is in lists."""

    def __init__(self, stack: Stack, browser: Browser | BrowserContext) -> None:
        self.problems: list[str] = []
        self.page: Page = browser.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.address = f"http://127.0.0.1:{stack.port}{BLANK}"
        self.load()

    def load(self) -> None:
        """Load the page, again if it is there; nothing is connected then."""
        self.page.goto(self.address)
        self.page.evaluate(SETUP)

    def start(self, session: str = "session", channel: str = "leaderboard") -> "ClientPage":
        """Connect a client of this session, an expression of the page."""
        self.page.evaluate(f"begin({session}, '{channel}')")
        return self

    def ask(self, script: str) -> Any:
        """Return what an expression of the page is, once it is there."""
        return self.page.evaluate(script)

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so; the page goes on meanwhile."""

        def look() -> bool:
            # Playwright tells of the page's events only while it is asked something.
            self.page.evaluate("0")
            return holds()

        wait_until(look, timeout_seconds=PATIENCE_SECONDS)

    def wait_for(self, script: str) -> None:
        """Wait until an expression of the page is true."""
        self.page.wait_for_function(script, timeout=1000 * PATIENCE_SECONDS)

    @property
    def states(self) -> list[str]:
        """The states of the connection so far, in order."""
        found: list[str] = self.ask("told.states")
        return found

    @property
    def rows(self) -> list[list[Any]]:
        """The board as the client has it: rank, name, score."""
        found: list[list[Any]] = self.ask("board.rows.map((r) => [r.rank, r.username, r.score])")
        return found

    @property
    def own_actions(self) -> list[str]:
        """The actions of which the own channel has told an effect, in order."""
        found: list[str] = self.ask(
            "told.own.filter((e) => e.event === 'score_updated').map((e) => e.actionId)"
        )
        return found

    def wait_live(self) -> None:
        """Wait until the client says that it is live."""
        self.wait_for("laurel.state.state === 'live'")

    def play(self, score: int) -> str:
        """Complete an action as the session; return its id."""
        answer = self.page.evaluate("(score) => play(score)", score)
        assert answer["status"] in (200, 202), answer
        action_id: str = answer["actionId"]
        return action_id

    def close(self) -> None:
        """Close the page; nothing may have gone wrong in it."""
        self.page.close()
        assert self.problems == []
