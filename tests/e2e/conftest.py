"""One running system for all tests of this folder, started and stopped as users do."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.browser import open_browser
from tests.e2e.stack import Stack
from tests.local.project import alive, wait_for

PATIENCE_MS = 10_000
# Players of other tests have as many points as this system lets a player win in an hour: nobody
# could be brought above them.
MOST_POINTS = 2_000


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


@pytest.fixture(scope="module")
def room_at_the_top(stack: Stack) -> None:
    """Have nobody with many points on the board of all time; who has them is banned."""
    issued = stack.flask("tokens", "issue", "--role", "moderator")
    assert issued.returncode == 0, issued.stderr
    token = issued.stdout.strip()

    def ban_those_ahead() -> bool:
        rows = api.get("/api/leaderboard?limit=100", token=token).body["leaderboard"]
        ahead = [row["userId"] for row in rows if row["score"] > MOST_POINTS]
        for user_id in ahead:
            body = {"reason": "OTHER", "note": "makes room for other tests"}
            answer = api.call("POST", f"/api/moderation/users/{user_id}/ban", body, token=token)
            # Once banned, a player stays on the board for a moment.
            assert answer.status in (200, 201, 409), answer.text
        return not ahead

    with stack.api() as api:
        wait_for(ban_those_ahead, "room at the top", stack.explain)
