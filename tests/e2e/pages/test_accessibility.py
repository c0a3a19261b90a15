"""The check of accessibility finds what is wrong, and the pages pass it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Visit
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.stack import Stack

FAULTY = """
<!doctype html><html lang="en"><title>Faulty</title><style>
  @media (prefers-color-scheme: dark) { body { background: #000; color: #333 } }
</style><main><h1>Faulty</h1><p>Grey on black, at night only.</p></main>
"""


def test_a_fault_is_found_also_where_it_is_seen_in_the_dark_only(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(FAULTY)
    with pytest.raises(AssertionError, match="dark: color-contrast"):
        assert_accessible(page)
    page.set_content(FAULTY.replace("#333", "#ddd"))
    assert_accessible(page)
    page.close()


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_is_accessible(stack: Stack, browser: Browser, path: str) -> None:
    page = Visit(browser, f"http://127.0.0.1:{stack.port}{path}").page
    expect(page.locator("h1")).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert_accessible(page)
    page.close()
