"""A page with the client, in a browser that has no login."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.client.driver import ClientPage
from tests.e2e.stack import Stack


@pytest.fixture
def client(stack: Stack, browser: Browser) -> Iterator[ClientPage]:
    """A page of a browser without a login."""
    context = browser.new_context()
    made = ClientPage(stack, context)
    yield made
    made.close()
    context.close()
