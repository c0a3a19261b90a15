"""One running system for all tests of this folder, started and stopped as users do."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.browser import open_browser
from tests.e2e.stack import Stack
from tests.local.project import alive

PATIENCE_MS = 10_000


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running system; at the end Ctrl-C must leave none of its processes."""
    folder = tmp_path_factory.mktemp("e2e")
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Fails in a second worker of xdist, because tests count what they did.
        (tmp_path_factory.getbasetemp().parent / "one-system-for-all").mkdir()
    made = Stack(folder)
    try:
        made.start()
        yield made
    finally:
        ran = made.stop()
    assert alive(ran) == []
    assert made.said().rstrip().endswith(f"The data is kept in {made.home}")


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """A connection to the API."""
    with stack.api() as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file."""
    expect.set_options(timeout=PATIENCE_MS)
    with open_browser() as opened:
        yield opened
