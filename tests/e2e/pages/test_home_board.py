"""The board of the page `/`: rows that move, one's own place, names, and servers that are away."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.pages.climbing import (
    BATCH,
    add_leaders,
    bring,
    find_shown,
    make_actions,
    points_above,
    row_of,
)
from tests.e2e.pages.rounds import play_round, wait_until_live
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("room_at_the_top")]
TOP = 10
# Every animation that a script begins is kept here.
RECORD = """
  window.begun = [];
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (frames, options) {
    window.begun.push(JSON.stringify(frames));
    return animate.call(this, frames, options);
  };
"""
GLIDES = "window.begun.filter(frames => frames.includes('translateY')).length"
NAMES = (
    "W" * 32,
    "سارة النجار",
    "<b>bold</b> & co",
    "🏆 {name} 🏆",
    "javascript:alert(1)",
)


@pytest.fixture
def url(stack: Stack) -> str:
    """The address of the page."""
    return f"http://127.0.0.1:{stack.port}/"


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page of somebody who looks on; its animations are recorded."""
    opened = browser.new_page(viewport={"width": 1100, "height": 800})
    opened.add_init_script(RECORD)
    opened.goto(url)
    wait_until_live(opened)
    yield opened
    opened.close()


def test_rows_glide_and_have_arrows_when_ranks_change(page: Page, api: Api) -> None:
    first, second = add_leaders(api)
    find_shown(page, first)
    find_shown(page, second)
    page.evaluate("window.begun.length = 0")
    assert api.complete(second["accessToken"], 60).status == 200
    expect(row_of(page, second).locator(".shift.up")).to_have_text("▲up 1")
    expect(row_of(page, first).locator(".shift.down")).to_have_text("▼down 1")
    expect(row_of(page, second).locator(".gain")).to_have_text("+60")
    assert page.evaluate(GLIDES) >= 2
    places = [row_of(page, one).locator(".place").inner_text() for one in (second, first)]
    assert int(places[0]) + 1 == int(places[1])
    news = page.locator("#feed li").first
    expect(news).to_contain_text(second["username"])
    expect(news).to_contain_text(f"+60 up to {places[0]}")
    keep_picture(page, "home-moved")


def test_who_comes_from_behind_the_first_ten_has_an_arrow_and_a_newcomer_says_so(
    page: Page, api: Api, stack: Stack
) -> None:
    for row in stack.issue_tokens(TOP):
        assert api.complete(row["token"], 300).status == 200
    climber, newcomer = api.register(), api.register()
    # As many points as the tenth, who had them before.
    bring(api, climber, points_above(api, TOP) - 1)
    path = f"/api/users/{climber['userId']}/score"
    before = api.get(path, token=climber["accessToken"]).body["rank"]
    # The page is told of a climb alone only when it has been told of the board before it.
    board = api.get("/api/leaderboard?limit=1", token=climber["accessToken"]).body
    expect(page.locator("#total")).to_have_text(f"{board['totalUsers']} players")
    for player in (climber, newcomer):
        body = {"actions": make_actions(points_above(api, TOP // 2))}
        assert api.call("POST", BATCH, body, token=player["accessToken"]).status == 200
    place = row_of(page, climber).locator(".place")
    expect(row_of(page, newcomer).locator(".shift.new")).to_have_text("new in the top 10")
    arrow = row_of(page, climber).locator(".shift.up")
    # The newcomer may be one of those whom the climber has met on the way.
    ranks = [before - int(place.inner_text()) + passed for passed in (0, 1)]
    expect(arrow).to_have_text(re.compile(f"▲up ({ranks[0]}|{ranks[1]})$"))
    assert_accessible(page)
    keep_picture(page, "home-newcomer")


def test_who_asks_for_less_motion_sees_rows_change_without_it(
    browser: Browser, url: str, api: Api
) -> None:
    first, second = add_leaders(api)
    page = browser.new_page(reduced_motion="reduce")
    page.add_init_script(RECORD)
    page.goto(url)
    wait_until_live(page)
    find_shown(page, first)
    find_shown(page, second)
    assert api.complete(second["accessToken"], 60).status == 200
    expect(row_of(page, second).locator(".shift.up")).to_be_visible()
    assert page.evaluate("window.begun") == []
    page.close()


def test_the_first_answer_of_the_api_may_come_after_the_first_change(
    browser: Browser, url: str, api: Api
) -> None:
    first, _ = add_leaders(api)
    page = browser.new_page()
    held_back: list[Route] = []
    page.route("**/standings*", lambda route: held_back.append(route))
    page.goto(url)
    wait_until_live(page)
    expect(row_of(page, first)).to_be_visible()
    assert api.complete(first["accessToken"], 9).status == 200
    news = page.locator("#feed li").first
    expect(news).to_contain_text("+9")
    assert held_back
    with page.expect_response("**/standings*"):
        for route in held_back:
            route.continue_()
    page.evaluate("new Promise(done => setTimeout(done))")
    expect(news).to_contain_text("+9")
    page.close()


def test_the_feed_keeps_few_lines_and_is_not_read_out(page: Page, api: Api) -> None:
    first, _ = add_leaders(api)
    row = find_shown(page, first)
    for number in range(4):
        assert api.complete(first["accessToken"], 10 + number).status == 200
        expect(row.locator(".gain")).to_have_text(f"+{10 + number}")
    assert page.locator("#feed li").count() <= 8
    assert page.locator("#feed").get_attribute("aria-live") is None
    expect(page.locator("#feed-spoken")).to_have_attribute("aria-live", "polite")


def test_the_first_three_have_medals_and_each_row_its_last_scores(page: Page, api: Api) -> None:
    leaders = add_leaders(api)
    bring(api, leaders[0], 5)
    for player in leaders:
        expect(row_of(page, player)).to_be_visible()
    assert [page.locator(f"#rows .medal-{place}").count() for place in (1, 2, 3)] == [1, 1, 1]
    expect(page.locator("#rows tr").first.locator(".place")).to_have_class("place medal-1")
    # Somebody who comes later sees what was before.
    page.reload()
    line = row_of(page, leaders[0]).locator(".sparkline polyline")
    expect(line).to_be_attached()
    assert len((line.get_attribute("points") or "").split()) >= 2


def test_beyond_the_top_the_own_row_is_in_view_and_overtaking_is_told(
    page: Page, api: Api, stack: Stack
) -> None:
    for row in stack.issue_tokens(TOP + 3):
        assert api.complete(row["token"], 900).status == 200
    play_round(page)
    own = page.locator("#rows tr.own")
    expect(own).to_be_visible()
    expect(page.locator("#rows tr.gap")).to_have_count(1)
    rank = int(own.locator(".place").inner_text())
    assert rank > TOP
    expect(page.locator("#own-rank")).to_have_text(str(rank))
    # Scrolled up on a small screen, the row stays at the lower edge.
    page.set_viewport_size({"width": 900, "height": 420})
    page.evaluate("scrollTo(0, document.querySelector('#table').offsetTop)")
    box = own.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 420 - box["height"] + 1
    (rival,) = stack.issue_tokens(1)
    assert api.complete(rival["token"], 950).status == 200
    expect(page.locator("#own-rank")).to_have_text(str(rank + 1))
    expect(own.locator(".place")).to_have_text(str(rank + 1))
    expect(own.locator(".shift.down")).to_be_visible()
    # On another tab too.
    page.get_by_role("tab").last.click()
    (rival,) = stack.issue_tokens(1)
    assert api.complete(rival["token"], 950).status == 200
    expect(page.locator("#own-rank")).to_have_text(str(rank + 2))


def test_names_are_text_and_nothing_else_also_on_a_narrow_screen(
    browser: Browser, url: str, api: Api, stack: Stack
) -> None:
    page = Visit(browser, url).page
    page.set_viewport_size({"width": 320, "height": 640})
    shown = {}
    tokens = [stack.issue_tokens(1, "--username", name)[0] for name in NAMES]
    for row in tokens:
        bring(api, row, points_above(api, len(NAMES)))
        shown[row["userId"]] = row["username"]
    for user_id, name in shown.items():
        cell = page.locator(f'#rows tr[data-user="{user_id}"] bdi')
        expect(cell).to_be_visible()
        text = cell.inner_text()
        assert text == name or text.startswith("player-")
        assert cell.evaluate("cell => cell.children.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.reload()
    wait_until_live(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    expect(page.locator("#rows tr")).to_have_count(TOP)
    assert_accessible(page)
    keep_picture(page, "home-names")
    page.close()


def test_what_one_plays_another_sees(browser: Browser, page: Page, url: str) -> None:
    other = Visit(browser, url).page
    wait_until_live(other)
    play_round(other)
    total = other.locator("#total").inner_text()
    expect(page.locator("#total")).to_have_text(total)
    other.close()
