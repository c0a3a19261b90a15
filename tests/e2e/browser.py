"""The Chromium of this machine, controlled by Playwright; used by the tests of the pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

# When set, screenshots of the pages are written to this folder.
PICTURES = os.environ.get("LAUREL_TEST_PICTURES")
NAMES = ("chromium", "chromium-browser", "google-chrome")
ADVICE = (
    "no Chromium: these tests use a real browser. Install it (Debian and Ubuntu:"
    " 'apt-get install chromium') or set CHROMIUM to its path."
)


def find_chromium() -> str:
    """Return the path of the browser.

    Without one the test is skipped with advice; CHROMIUM that names no file fails it.
    """
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [path for name in NAMES if (path := shutil.which(name))]
    if named and not Path(named).is_file():
        pytest.fail(f"CHROMIUM={named} is not a file; {ADVICE}", pytrace=False)
    if not found:
        pytest.skip(ADVICE)
    return found[0]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser that can reach this machine only."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # Chromium refuses to start with its sandbox as root, as in a container.
            chromium_sandbox=os.geteuid() != 0,
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page and its problems: console errors, policy violations, failed requests."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.problems: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": 1100, "height": 800})
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("requestfailed", self._on_failed)
        self.page.goto(address)

    def _on_failed(self, request: Request) -> None:
        # Whoever leaves a page ends what it has asked for.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"{request.url}: {request.failure}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)


def keep_picture(page: Page, name: str) -> None:
    """Write a screenshot when a folder for them is set."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
