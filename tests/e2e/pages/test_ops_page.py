"""The page for operators: its numbers, who may see them, and what it says when something is bad."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.stack import Stack
from tests.local.project import wait_for
from tests.web.live.client import Listener

pytestmark = pytest.mark.extended

SILENCE_MS = 40_000
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Visit]:
    """The page, showing numbers."""
    opened = Visit(browser, f"http://127.0.0.1:{stack.port}/ops")
    expect(opened.page.locator("#board")).to_be_visible()
    yield opened
    opened.page.close()


@pytest.fixture
def stranger(stack: Stack, browser: Browser) -> Iterator[Page]:
    """The page as it is seen from another machine."""
    page = browser.new_page(extra_http_headers=ELSEWHERE)
    page.goto(f"http://127.0.0.1:{stack.port}/ops")
    expect(page.get_by_label("METRICS_TOKEN")).to_be_focused()
    yield page
    page.close()


def detail(page: Page, card: str, name: str) -> Locator:
    """Return the number beside a name on a card."""
    row = page.locator(f"#{card} dl div", has=page.get_by_text(name, exact=True))
    return row.locator("dd")


def is_up(api: Api) -> bool:
    """Return whether the API answers."""
    try:
        return api.get("/health/live").status == 200
    except OSError:
        return False


def test_the_numbers_are_of_what_was_posted(visit: Visit, stack: Stack, api: Api) -> None:
    page = visit.page
    applied = detail(page, "throughput", "Applied in 10 min")
    expect(applied).to_have_text("0")
    # Those of other tests are closed, and may be counted a little longer.
    expect(page.locator("#listeners .value")).to_have_text("0")
    player = api.register()["accessToken"]
    for _ in range(3):
        assert api.complete(player, 10).status == 200
    assert api.complete(player, 1001).status == 403
    listener = Listener(stack.socket_url, [f"Authorization: Bearer {player}"])
    try:
        expect(page.locator("#listeners .value")).to_have_text("1")
    finally:
        listener.raw.close()
    expect(applied).to_have_text("3")
    expect(detail(page, "fraud", "Passed in 10 min")).to_have_text("3")
    expect(detail(page, "fraud", "Rejected in 10 min")).to_have_text("1")
    expect(detail(page, "fraud", "SCORE_TOO_HIGH")).to_have_text("1")
    expect(page.locator("#answers .value")).to_have_text(re.compile(r"\d (ms|s)$"))
    expect(page.locator("#throughput .plot")).to_have_attribute(
        "aria-label", re.compile(r"applied: now [\d.]+ /s, at most [\d.]+ /s; posted: ")
    )
    expect(page.locator("#throughput canvas")).to_be_visible()
    keep_picture(page, "ops")
    page.reload()
    expect(page.locator("#board")).to_be_visible()
    expect(applied).to_have_text("3")
    assert visit.problems == []


def test_health_is_in_words_and_flower_is_linked(visit: Visit, stack: Stack) -> None:
    page = visit.page
    row = page.locator("#parts tr", has_text="PostgreSQL")
    expect(row).to_contain_text("✓ Well")
    expect(page.get_by_role("link", name="Flower")).to_have_attribute(
        "href", f"http://127.0.0.1:{stack.flower_port}/"
    )
    page.locator("#queue summary").click()
    expect(page.locator("#queue [data-part='bad']")).to_be_visible()


def test_it_says_first_what_needs_a_hand(visit: Visit, stack: Stack) -> None:
    page = visit.page
    headline = page.locator("#verdict-text")
    with stack.stalled("keeper"):
        expect(headline).to_have_text(re.compile("things? needs? you now"), timeout=SILENCE_MS)
        concern = page.locator("#concerns li", has_text="Keeper")
        expect(concern).to_have_text(re.compile(r"^Keeper – has fallen silent, for \d+ s"))
        expect(page.locator("#parts tr", has_text="Keeper")).to_contain_text("✖ Act")
        concern.get_by_role("link").click()
        assert page.url.endswith("#health")
        keep_picture(page, "ops-act")
        assert_accessible(page)
    expect(page.locator("#concerns li", has_text="Keeper")).to_be_hidden()


def test_when_the_api_is_away_it_says_so_and_comes_back(visit: Visit) -> None:
    page = visit.page
    page.context.set_offline(True)
    expect(page.locator("#state")).to_have_attribute("data-state", "offline")
    expect(page.get_by_role("alert")).to_contain_text("The API does not answer.")
    expect(page.get_by_role("alert")).to_contain_text("The numbers below are of")
    # It would be read out again with every second.
    assert not re.search("ago|just now", page.get_by_role("alert").inner_text())
    expect(page.locator("#board")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#state")).to_have_attribute("data-state", "live")


def test_when_the_api_is_killed_it_goes_on(visit: Visit, stack: Stack) -> None:
    page = visit.page
    stack.kill("api")
    with stack.api() as again:
        wait_for(lambda: is_up(again), "the API to be back", stack.explain)
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#board")).to_be_visible()


def test_from_elsewhere_it_asks_for_a_token_and_keeps_it_in_the_tab(
    stranger: Page, stack: Stack
) -> None:
    page = stranger
    expect(page.locator("#entry-why")).to_have_text("From here the numbers need a token.")
    expect(page.locator("#board")).to_be_hidden()
    field = page.get_by_label("METRICS_TOKEN")
    (player,) = stack.issue_tokens(1)
    (admin,) = stack.issue_tokens(1, "--role", "admin")
    for wrong, words in (
        ("wrong", "The server does not accept this token."),
        ("<b>é</b>", "This cannot be a token: it has other characters."),
        (player["token"], "This token is valid, but not of an admin."),
    ):
        field.fill(wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#entry-why")).to_have_text(words)
        expect(field).to_have_value("")
    assert_accessible(page)
    field.fill(admin["token"])
    page.get_by_role("button", name="Show the numbers").click()
    expect(page.locator("#board")).to_be_visible()
    expect(page.locator("#entry")).to_be_hidden()
    page.reload()
    expect(page.locator("#board")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="Forget the token").click()
    expect(page.locator("#entry")).to_be_visible()
    expect(page.locator("#board")).to_be_hidden()


def test_it_is_accessible_in_light_and_dark(visit: Visit) -> None:
    expect(visit.page.locator("#throughput canvas")).to_be_visible()
    assert_accessible(visit.page)


def test_nothing_is_wider_than_a_small_phone(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("#throughput canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    keep_picture(page, "ops-narrow")


SAMPLES = """async (answers) => {
    const { Samples, quantile, mean } = await import("/assets/ops/samples.js");
    const samples = new Samples();
    const taken = answers.map(([at, applied]) => samples.add({
        at: new Date(at * 1000).toISOString(),
        stages: {},
        requests: { answered: 0 },
        listeners: { closed: 0 },
        actions: { applied },
        times: { count: applied, sum: applied / 2, bounds: [1, 2], atMost: [applied / 2, applied] },
    }));
    const seen = samples.observed((n) => n.times, 600);
    return {
        taken,
        grown: samples.growth((n) => n.actions.applied),
        restarted: samples.restartedAt !== null,
        hole: samples.isAfterHole,
        median: quantile(seen, 0.5),
        slow: quantile(seen, 1),
        mean: mean(seen),
    };
}"""


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(0.001, 5)], {"grown": None, "median": None, "mean": None}),
        (
            [(10, 5), (12, 9), (14, 15)],
            {"grown": {"by": 10, "seconds": 4}, "median": 1, "slow": 2, "mean": 0.5},
        ),
        # The same answer again, and an older one.
        ([(10, 5), (12, 9), (12, 9), (11, 7)], {"taken": [True, True, False, False]}),
        # A process was restarted: what it counted in between is not known.
        (
            [(10, 100), (12, 110), (14, 3), (16, 7)],
            {"grown": {"by": 14, "seconds": 4}, "restarted": True},
        ),
        # Nobody answered for a minute: the line has a hole, and the count has none.
        ([(10, 1), (12, 2), (72, 50)], {"grown": {"by": 49, "seconds": 62}, "hole": True}),
        # Older than ten minutes.
        (
            [(10, 1), (12, 3), *((20 + 10 * n, 100 + n) for n in range(62))],
            {"grown": {"by": 60, "seconds": 600}},
        ),
    ],
)
def test_rates_stand_restarts_holes_and_repeats(
    visit: Visit, answers: list[tuple[float, int]], expected: dict[str, object]
) -> None:
    found = visit.page.evaluate(SAMPLES, answers)
    assert {name: found[name] for name in expected} == expected
