"""A real browser: the Chromium of this machine, driven by Playwright; used by `test_pages`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ADVICE = (
    "no Chromium: these tests drive a real browser. Install one (Debian and Ubuntu:"
    " 'apt-get install chromium') or set CHROMIUM to its path."
)


def find_chromium() -> str:
    """Return the path of the browser; without one the test fails and says how to get it."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [path for name in NAMES if (path := shutil.which(name))]
    if not found or not Path(found[0]).is_file():
        pytest.fail(
            ADVICE if not named else f"CHROMIUM={named} is no file; {ADVICE}", pytrace=False
        )
    return found[0]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser that reaches this machine only: every other name leads nowhere."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # As root, as in a container, Chromium refuses to start with its sandbox.
            chromium_sandbox=os.geteuid() != 0,
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page and all that went wrong on it: console errors, broken policy, failed requests."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.problems: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": 1100, "height": 800})
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("requestfailed", lambda request: self.problems.append(request.url))
        self.page.goto(address)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)
