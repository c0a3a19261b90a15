"""The example of the client's document, as somebody copies it, on another origin than the API's."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Visit
from tests.e2e.stack import ROOT, Stack

DOCUMENT = ROOT / "docs" / "browser-client.md"
API = "http://127.0.0.1:8000"


@pytest.fixture
def address(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """Where the example is served; only the API's address is another one."""
    found = re.search(r"```html\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert found[1].count(API) == 3
    page = found[1].replace(API, f"http://127.0.0.1:{stack.port}")
    (tmp_path / "board.html").write_text(page, encoding="utf-8")
    # Browsers ask for it by themselves.
    (tmp_path / "favicon.ico").touch()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/board.html"
        server.shutdown()


def test_the_example_shows_the_board_and_plays(address: str, browser: Browser) -> None:
    visit = Visit(browser, address)
    page = visit.page
    expect(page.locator("#state")).to_have_text("Live")
    page.get_by_role("button", name="Score 50 points").click()
    expect(page.locator("#said")).to_have_text("You have 50 points")
    page.get_by_role("button", name="Score 50 points").click()
    expect(page.locator("#said")).to_have_text("You have 100 points")
    page.close()
    assert visit.problems == []
