"""The boards of a demo, and their tabs on the page, in a real browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.demo.people import list_people
from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.climbing import bring, points_above
from tests.e2e.pages.rounds import play_round, wait_until_live
from tests.e2e.stack import Stack
from tests.local.project import wait_for

# The first test starts the system and lets a demo run.
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("room_at_the_top")]

LEFT = re.compile(r"^(Resets|Ends) in (\d+ (day|hour|minute)s?\b|\d\d:\d\d)")
DESCRIBE_LEFT = "left => import('/assets/countdown.js').then(made => made.describeLeft(left))"
LIVE_SECONDS = 60.0
PLAYERS = 20


@pytest.fixture(scope="module")
def page_url(stack: Stack) -> str:
    """The address of the page of a system on which a demo has run."""
    assert run_demo(stack).startswith("Made the boards: Today, This week, ")
    with stack.api() as api:
        wait_for(
            lambda: [board["state"] for board in list_boards(api)] == ["live"] * 3,
            "the demo's boards to be live",
            lambda: str(list_boards(api)),
            LIVE_SECONDS,
        )
    return f"http://127.0.0.1:{stack.port}/"


@pytest.fixture
def visit(browser: Browser, page_url: str) -> Iterator[Visit]:
    """The page, with no tab chosen."""
    opened = Visit(browser, page_url)
    wait_until_live(opened.page)
    expect(opened.page.get_by_role("tab", name="season")).to_be_visible()
    yield opened
    opened.page.close()


def test_a_second_demo_changes_nothing_on_the_boards_and_has_the_same_players(
    stack: Stack, page_url: str, api: Api
) -> None:
    before = list_boards(api)
    assert run_demo(stack).startswith(f"Watch the boards at {page_url}")
    assert list_boards(api) == before
    token = api.register()["accessToken"]
    rows = api.get("/api/leaderboard?limit=100", token=token).body["leaderboard"]
    played = {row["userId"]: row["username"] for row in rows}
    people = {str(person.user_id): person.username for person in list_people(PLAYERS)}
    of_demo = {user: name for user, name in played.items() if name.startswith("demo-")}
    assert of_demo == {}
    assert played.keys() & people.keys()
    assert all(people.get(user, name) == name for user, name in played.items())


def test_tabs_are_chosen_by_keyboard_and_kept_in_the_address(visit: Visit) -> None:
    page = visit.page
    tabs = page.get_by_role("tab")
    expect(tabs.nth(0)).to_have_text("All time")
    expect(tabs.nth(1)).to_have_text("Today")
    expect(tabs.nth(2)).to_have_text("This week")
    expect(tabs.nth(3)).to_have_text(re.compile(r"^\w+ season$"))
    expect(tabs.nth(0)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#turn")).to_be_hidden()

    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Today")).to_be_visible()
    expect(page.locator("#turn")).to_have_text(LEFT)
    assert page.url.endswith("/#today")
    page.keyboard.press("End")
    expect(tabs.nth(3)).to_be_focused()
    expect(page.locator("#turn")).to_have_text(re.compile("^Ends in"))
    assert page.url.endswith("/#season")
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(0)).to_be_focused()
    assert page.url.endswith("/")
    # One stop for the tab key: the next one is the panel.
    page.keyboard.press("Tab")
    expect(page.get_by_role("tabpanel")).to_be_focused()

    page.goto(f"{page.url}#season")
    expect(page.get_by_role("tab", selected=True)).to_have_text(re.compile("season$"))
    page.reload()
    expect(page.get_by_role("tab", selected=True)).to_have_text(re.compile("season$"))
    assert visit.problems == []


def test_actions_appear_on_the_board_of_today_and_of_the_season(visit: Visit, api: Api) -> None:
    page = visit.page
    page.get_by_role("tab", name="Today").click()
    expect(page.locator("#turn")).to_have_text(LEFT)
    rival = api.register()
    # A second one, in case the day ended with the first.
    for place in (8, 5):
        bring(api, rival, points_above(api, place, "/api/boards/today/standings"))
        expect(row_of(page, rival["username"])).to_be_visible()
    points = play_round(page)
    expect(page.locator("#own-score")).to_have_text(str(points))
    expect(page.locator("#rows tr.own .points")).to_have_text(str(points))
    expect(page.locator("#own-place")).to_have_text(re.compile(r"^You are at rank \d+"))
    keep_picture(page, "today")

    page.get_by_role("tab", name="season").click()
    row = row_of(page, rival["username"])
    # What has happened before this tab was opened.
    expect(row.locator(".sparkline polyline")).to_be_attached()
    expect(row).to_be_visible()
    score = int(row.get_attribute("data-score") or 0)
    assert api.complete(rival["accessToken"], 1).status == 200
    expect(row).to_have_attribute("data-score", str(score + 1))
    assert visit.problems == []


def test_without_a_socket_the_board_moves_too(browser: Browser, page_url: str, api: Api) -> None:
    page = browser.new_page()
    page.route_web_socket("**/ws", lambda socket: socket.close())
    page.route("**/api/stream*", lambda route: route.abort())
    page.goto(f"{page_url}#season")
    expect(page.locator("#state")).to_have_attribute("data-state", "offline")
    rival = api.register()
    points = points_above(api, 5, "/api/boards/season/standings")
    bring(api, rival, points)
    row = row_of(page, rival["username"])
    expect(row).to_have_attribute("data-score", str(points))
    assert api.complete(rival["accessToken"], 3).status == 200
    expect(row).to_have_attribute("data-score", str(points + 3))
    page.close()


def test_a_guest_plays_for_a_country_of_the_weekly_board(visit: Visit, api: Api) -> None:
    page = visit.page
    for country in ("DE", "JP"):
        player = api.register()
        attributes = {"attributes": {"country": country}}
        token = player["accessToken"]
        assert api.call("PATCH", "/api/users/me", attributes, token=token).status == 200
        assert api.complete(token, 700).status == 200
    page.get_by_role("tab", name="This week").click()
    page.get_by_label("Country").select_option("Japan")
    expect(row_of(page, player["username"])).to_be_visible()
    assert page.url.endswith("/#week-by-country/JP")
    expect(page.locator("#own-place")).to_have_text("You are not on this board yet.")
    page.get_by_role("button", name="Play for Japan").click()
    expect(page.locator("#own-place")).to_have_text("Your actions count here from now on.")
    play_round(page)
    expect(page.locator("#rows tr.own")).to_be_visible()
    expect(page.locator("#offer")).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Country")).to_have_value("JP")
    expect(page.locator("#rows tr.own")).to_be_visible()
    assert visit.problems == []


def test_the_clock_of_the_server_decides_when_a_season_ends(
    browser: Browser, page_url: str, api: Api
) -> None:
    page = browser.new_page()
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=5))
    page.goto(f"{page_url}#season")
    expect(page.locator("#turn")).to_have_text(LEFT)
    season = next(b for b in api.get("/api/boards").body["boards"] if b["board"] == "season")
    ends_at = datetime.fromisoformat(season["nextReset"])
    left = (ends_at - datetime.now(UTC)).total_seconds()
    # The hour may change between the two looks.
    likely = [page.evaluate(DESCRIBE_LEFT, left + more) for more in (-30, 0, 30)]
    expect(page.locator("#turn")).to_have_text(re.compile(f"^Ends in ({'|'.join(likely)}) "))
    page.close()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "00:00"),
        (0.2, "00:01"),
        (599.5, "10:00"),
        (601, "10 minutes"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (2 * 3600 + 60, "2 hours 1 minute"),
        (86400 + 59, "1 day"),
        (89 * 86400 + 3600, "89 days 1 hour"),
    ],
)
def test_what_is_left_is_told_in_words_and_near_the_end_by_the_second(
    visit: Visit, seconds: float, words: str
) -> None:
    assert visit.page.evaluate(DESCRIBE_LEFT, seconds) == words


def test_a_board_is_empty_until_somebody_plays_and_says_when_it_is_gone(
    stack: Stack, browser: Browser, page_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "boards.toml"
    file.write_text('[[boards]]\nid = "rare"\ntitle = "Rare"\nactionTypes = ["rare"]\n')
    applied = stack.flask("boards", "apply", str(file), "--yes")
    assert applied.returncode == 0, applied.stderr
    page = browser.new_page()
    page.goto(page_url)
    # A process of the API may not know it yet; then the page asks again after half a minute.
    page.get_by_role("tab", name="Rare").click(timeout=1000 * LIVE_SECONDS)
    expect(page.locator("#empty")).to_have_text("Nobody is on this board yet. Be the first.")
    expect(page.locator("#turn")).to_be_hidden()
    assert stack.flask("boards", "delete", "rare").returncode == 0
    expect(page.locator("#note")).to_have_text("This board is not there any more.")
    expect(page.locator("#empty")).to_be_hidden()
    page.get_by_role("tab", name="All time").click()
    expect(page.locator("#note")).to_be_hidden()
    page.close()


def row_of(page: Page, username: str) -> Locator:
    """Return the player's row."""
    return page.locator("#rows tr", has_text=username)


def run_demo(stack: Stack) -> str:
    """Let a short demo run; return what it printed."""
    ran = stack.run("demo", "--players", str(PLAYERS), "--rate", "2", "--seconds", "2")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def list_boards(api: Api) -> list[dict[str, Any]]:
    """Return the boards that need no token, without their times."""
    listed = api.get("/api/boards").body["boards"]
    return [
        {name: board[name] for name in ("board", "boardVersion", "state", "definition")}
        for board in listed
    ]
