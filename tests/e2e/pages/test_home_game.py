"""The game of the page `/`: real actions, and what becomes of each, in words."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.api import Api
from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.pages.rounds import finish_round, play_round, read_session, wait_until_live
from tests.e2e.stack import Stack

pytestmark = pytest.mark.timeout(120)
PATIENCE = 150
COMPLETE = "**/api/actions/complete"
SLOW = """() => {
  const wait = window.setTimeout;
  window.setTimeout = (work, ms, ...rest) => wait(work, 50 * ms, ...rest);
}"""


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Visit]:
    """The page of somebody who looks on."""
    opened = Visit(browser, f"http://127.0.0.1:{stack.port}/")
    wait_until_live(opened.page)
    yield opened
    opened.page.close()


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page of somebody who looks on, without a look at its problems."""
    return visit.page


def first_of(page: Page, held: list[Route]) -> Route:
    """Return the first request that is held back, once it is there."""
    for _ in range(PATIENCE):
        if held:
            return held[0]
        # The browser's events come while the page is waited for.
        page.wait_for_timeout(100)
    raise AssertionError("nothing was sent")


def test_no_account_is_made_before_somebody_plays(visit: Visit) -> None:
    page, asked = visit.page, []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    wait_until_live(page)
    expect(page.locator("#who")).to_contain_text("You are watching.")
    assert not [url for url in asked if "register" in url or "login" in url]

    points = play_round(page)
    expect(page.locator("#name")).to_contain_text("guest-")
    expect(page.locator("#own-score")).to_have_text(str(points))
    own = page.locator("#rows tr.own")
    expect(own.locator(".points")).to_have_text(str(points))
    expect(own.locator("bdi")).to_have_text(page.locator("#name").inner_text())
    expect(page.locator("#own-rank")).to_have_text(own.locator(".place").inner_text())
    wait_until_live(page)
    assert_accessible(page)
    keep_picture(page, "home-played")
    assert visit.problems == []

    name = page.locator("#name").inner_text()
    page.reload()
    expect(page.locator("#name")).to_have_text(name)
    expect(page.locator("#rows tr.own .points")).to_have_text(str(points))


def test_the_same_action_again_is_answered_with_its_stored_result(page: Page) -> None:
    again = page.get_by_role("button", name="Send the same again")
    expect(again).to_have_attribute("aria-disabled", "true")
    points = play_round(page)
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answer-chip")).to_have_text("Counted before")
    expect(page.locator("#answer-line")).to_contain_text(f"Stored result: 0 → {points}")
    expect(page.locator("#answer-sentence")).to_contain_text("it has counted once")
    expect(page.locator("#answer")).to_contain_text("409")
    expect(page.locator("#answer")).to_contain_text("DUPLICATE_ACTION")
    expect(again).to_be_focused()
    expect(page.locator("#own-score")).to_have_text(str(points))
    expect(page.locator("#own-actions li")).to_have_count(1)


def test_who_cheats_is_refused_with_a_sentence_and_nothing_is_left_of_the_last_answer(
    page: Page,
) -> None:
    points = play_round(page)
    expect(page.locator("#answer-line")).to_contain_text(f"0 → {points}")
    cheat = page.get_by_role("button", name="Cheat")
    cheat.click()
    expect(page.locator("#answer-chip")).to_have_text("Rejected")
    expect(page.locator("#answer-sentence")).to_have_text(
        "No single action can bring that many points."
    )
    expect(page.locator("#answer")).to_contain_text("SCORE_TOO_HIGH")
    expect(page.locator("#answer-line")).not_to_contain_text("→")
    expect(cheat).to_be_focused()
    page.get_by_role("button", name="Send the same again").click()
    expect(page.locator("#answer-chip")).to_have_text("Sent before")
    expect(page.locator("#answer-line")).to_have_text("Stored result: rejected.")
    expect(page.locator("#answer-sentence")).not_to_contain_text("has counted")
    expect(page.locator("#own-actions .chip").first).to_have_text("Rejected")
    expect(page.locator("#own-score")).to_have_text(str(points))
    expect(page.locator("#own-actions .chip")).to_have_text(["Rejected", "Applied"])


def test_an_action_that_is_held_says_why(page: Page, api: Api) -> None:
    first = play_round(page)
    token = read_session(page)["accessToken"]
    # The threshold of this system is 5,000 points within an hour: no round brings less than 10.
    for score in (1000, 1000, 1000, 1000, 990 - first):
        assert api.complete(token, score).status == 200
    points = finish_round(page)
    expect(page.locator("#answer-chip")).to_have_text("Held")
    expect(page.locator("#answer-sentence")).to_contain_text("unusually much for one hour")
    expect(page.locator("#own-actions li").first).to_contain_text(f"+{points}")
    expect(page.locator("#own-actions .chip").first).to_have_text("Held")


def test_an_action_is_pending_until_its_result_is_known(page: Page) -> None:
    held_back: list[Route] = []
    page.route(COMPLETE, lambda route: held_back.append(route))
    points = finish_round(page)
    expect(page.locator("#answer-chip")).to_have_text("Pending")
    expect(page.locator("#own-actions .chip")).to_have_text("Pending")
    route = first_of(page, held_back)
    # The server answers at once then, before it knows the result.
    route.continue_(headers={**route.request.headers, "prefer": "respond-async"})
    expect(page.locator("#answer-chip")).to_have_text("Applied")
    expect(page.locator("#answer-line")).to_contain_text(f"0 → {points}")
    expect(page.locator("#own-score")).to_have_text(str(points))


def test_what_did_not_arrive_is_said_and_counts_when_it_is_sent_again(page: Page) -> None:
    before = play_round(page)
    page.route(COMPLETE, lambda route: route.abort())
    points = finish_round(page)
    expect(page.locator("#answer-chip")).to_have_text("Not counted")
    expect(page.locator("#answer-sentence")).to_contain_text("it does not count twice")
    page.unroute(COMPLETE)
    page.get_by_role("button", name="Send the same again").click()
    expect(page.locator("#answer-chip")).to_have_text("Applied")
    expect(page.locator("#own-score")).to_have_text(f"{before + points:,}")


def test_an_action_whose_answer_was_lost_is_told_by_its_channel_and_counts_once(
    page: Page,
) -> None:
    before = play_round(page)
    wait_until_live(page)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(COMPLETE, lose_the_answer)
    points = finish_round(page)
    expect(page.locator("#own-actions .chip").first).to_have_text("Applied")
    expect(page.locator("#answer-chip")).to_have_text("Applied")
    page.unroute(COMPLETE)
    page.get_by_role("button", name="Send the same again").click()
    expect(page.locator("#answer-chip")).to_have_text("Counted before")
    expect(page.locator("#own-score")).to_have_text(f"{before + points:,}")


def test_a_guest_takes_another_name(page: Page, api: Api) -> None:
    play_round(page)
    taken = api.register()["username"]
    page.get_by_role("button", name="Change name").click()
    name = page.get_by_label("New name")
    expect(name).to_be_focused()
    for wrong, problem in ((taken, "Somebody has this name"), ("a\u0430b", "3 to 32 characters")):
        name.fill(wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#rename-problem")).to_contain_text(problem)
        assert_accessible(page, "#account")
    wanted = f"سارة {taken[-6:]}".replace(" ", "")
    name.fill(wanted)
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text(wanted)
    expect(page.locator("#rename-form")).to_be_hidden()
    expect(page.get_by_role("button", name="Change name")).to_be_focused()
    page.reload()
    expect(page.locator("#name")).to_have_text(wanted)


def test_a_player_logs_in_and_out(page: Page, api: Api) -> None:
    player = api.register()
    assert api.complete(player["accessToken"], 321).status == 200
    button = page.get_by_role("button", name="Log in").first
    button.click()
    page.get_by_label("Name", exact=True).fill(player["username"])
    page.get_by_label("Password", exact=True).fill("a wrong one")
    page.keyboard.press("Enter")
    expect(page.locator("#log-in-problem")).to_have_text("Name or password is wrong.")
    page.get_by_label("Password", exact=True).fill(player["password"])
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text(player["username"])
    expect(page.locator("#own-score")).to_have_text("321")
    expect(page.locator("#log-in-form")).to_be_hidden()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#who")).to_contain_text("You are watching.")
    expect(page.locator("#rows tr.own")).to_have_count(0)
    expect(button).to_be_focused()


def test_a_form_is_sent_once_however_often_enter_is_pressed(page: Page, api: Api) -> None:
    player, held = api.register(), list[Route]()
    page.route("**/api/auth/login", lambda route: held.append(route))
    page.get_by_role("button", name="Log in").first.click()
    page.get_by_label("Name", exact=True).fill(player["username"])
    page.get_by_label("Password", exact=True).fill(player["password"])
    with page.expect_request("**/api/auth/login"):
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    first_of(page, held).continue_()
    expect(page.locator("#name")).to_have_text(player["username"])
    assert len(held) == 1


def test_the_game_is_played_by_keyboard(page: Page) -> None:
    # Whoever is slow is too early all the same.
    page.evaluate(SLOW)
    pad = page.locator("#pad")
    pad.focus()
    page.keyboard.press("Enter")
    expect(pad).to_have_attribute("data-phase", "wait")
    # The space key is too early, and its release is no further press.
    page.keyboard.press("Space")
    expect(pad).to_have_attribute("data-phase", "early")
    expect(page.locator("#pad-spoken")).to_contain_text("Too early")
    expect(page.locator("#own-actions li")).to_have_count(0)
    expect(pad).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#again")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#cheat")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#log-in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#log-in")).to_be_focused()
    expect(page.locator("#log-in-form")).to_be_hidden()
