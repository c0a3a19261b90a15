"""What a moderator does from finding a cheater to taking an error back, in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.browser import keep_picture
from tests.e2e.moderation.desk import Desk, cheat, issue_moderator
from tests.e2e.stack import Stack
from tests.local.project import wait_for


@pytest.fixture(scope="module")
def moderator(stack: Stack) -> str:
    """A moderator's token."""
    return issue_moderator(stack)


def read_score(api: Api, player: dict[str, Any]) -> int:
    """Return the player's score."""
    answer = api.get(f"/api/users/{player['userId']}/score", token=player["accessToken"])
    score: int = answer.body["score"]
    return score


def is_on_board(api: Api, player: dict[str, Any], token: str) -> bool:
    """Return whether the player has a rank."""
    answer = api.get(f"/api/users/{player['userId']}/score", token=token)
    return answer.body["rank"] is not None


def test_a_cheater_is_found_in_the_queue_traced_and_rejected(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player = cheat(api)
    desk = Desk(stack, browser)
    desk.sign_in(moderator)
    page = desk.page
    expect(page.locator("#queue-title")).to_be_focused()
    row = page.locator("#cases > li", has_text=player["username"])
    expect(row).to_contain_text("2 actions held, +2,000")
    expect(row).to_contain_text("SCORE_BURST 2")
    row.locator("a").click()
    expect(page.locator("#dossier-name")).to_have_text(player["username"])
    first, second = player["held"]

    desk.row(first).get_by_role("button", name="Trace").click()
    trace = desk.row(first).locator(".trace")
    # A little more when many other tests have played from here.
    words = re.compile(r"^1\d\d points: held from 100, rejected from 1,000\.$")
    expect(trace.locator('[data-slot="total"]')).to_have_text(words)
    burst = trace.locator("tbody tr", has_text="score_burst")
    expect(burst).to_contain_text("SCORE_BURST")
    expect(burst).to_contain_text("6,000")
    expect(trace.locator('[data-slot="pass"]')).to_contain_text("velocity")
    keep_picture(page, "moderation-trace")

    page.locator("#choose-held").check()
    desk.decide("reject")
    expect(page.locator("#decision-problem")).to_contain_text("Write why first")
    desk.decide("reject", "a trainer")
    for action_id in (first, second):
        desk.expect_status(action_id, "rejected")
        expect(desk.row(action_id).locator(".outcome")).to_have_text("Rejected.")
    expect(page.locator("#done-words")).to_have_text(f"Rejected 2 actions of {player['username']}.")
    expect(desk.button("reject")).to_be_focused()
    expect(page.locator("#case")).to_contain_text("Case closed")
    expect(page.locator("#acts")).to_contain_text("a trainer")
    expect(row).to_have_count(0)
    assert read_score(api, player) == 5000
    assert desk.visit.problems == []
    desk.close()


def test_applied_actions_are_voided_and_the_undo_restores_them(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player = cheat(api, held=0)
    desk = Desk(stack, browser, at=f"#player/{player['userId']}")
    desk.sign_in(moderator)
    page = desk.page
    one, *two = player["applied"][:3]

    desk.choose(one)
    desk.decide("void", "seen on video")
    desk.expect_status(one, "voided")
    assert read_score(api, player) == 4000
    page.get_by_role("button", name="Undo").click()
    desk.expect_status(one, "applied")
    expect(page.locator("#done-words")).to_contain_text("Restored 1 action of")
    assert read_score(api, player) == 5000

    # Held, it is in a case; the undo releases it, and nothing is left to decide.
    desk.choose(one)
    desk.decide("hold", "reported")
    desk.expect_status(one, "held")
    expect(page.locator("#case")).to_contain_text("1 held, worth 1,000.")
    assert read_score(api, player) == 4000
    page.get_by_role("button", name="Undo").click()
    desk.expect_status(one, "applied")
    expect(page.locator("#done-words")).to_contain_text("Released 1 action of")
    expect(page.locator("#case")).to_contain_text("Case closed")
    assert read_score(api, player) == 5000

    # Many at once are asked for again.
    desk.choose(*two)
    desk.button("void").click()
    dialog = page.get_by_role("dialog", name="Void 2 actions?")
    expect(dialog).to_contain_text("loses 2,000 points")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    desk.expect_status(two[0], "applied")
    desk.button("void").click()
    expect(page.locator("#reason-text")).to_have_value("reported")
    dialog.get_by_role("button", name="Void 2 actions").click()
    for action_id in two:
        desk.expect_status(action_id, "voided")
    assert read_score(api, player) == 3000
    desk.choose(two[0])
    expect(desk.button("restore")).to_have_text("Restore 1")
    desk.decide("restore")
    desk.expect_status(two[0], "applied")
    assert desk.visit.problems == []
    desk.close()


def test_who_is_banned_cannot_play_and_is_gone_from_the_board_until_the_end(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player, other = cheat(api, held=0), api.register()
    desk = Desk(stack, browser, at=f"#player/{player['userId']}")
    desk.sign_in(moderator)
    page = desk.page
    assert is_on_board(api, player, other["accessToken"])

    page.get_by_role("button", name="Ban…", exact=True).click()
    page.locator("#ban-length").select_option("moment")
    page.locator("#ban-moment").fill("2020-01-01T10:00")
    page.locator("#ban-note").fill("a trainer, see the video")
    submit = page.get_by_role("button", name="Ban the player")
    submit.click()
    expect(page.locator("#ban-problem")).to_contain_text("Must be in the future")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ban…", exact=True).click()
    expect(page.locator("#ban-note")).to_have_value("a trainer, see the video")
    page.locator("#ban-length").select_option("7")
    page.locator("#ban-reason").select_option("EXPLOITING")
    submit.click()
    expect(page.locator("#dossier-ban")).to_contain_text("Banned for EXPLOITING, until")
    expect(page.locator("#acts")).to_contain_text("a trainer, see the video")
    again = api.call("POST", "/api/auth/login", {k: player[k] for k in ("username", "password")})
    refused = api.complete(again.body["accessToken"], 10)
    assert (refused.status, refused.error["code"]) == (403, "BANNED")
    wait_for(lambda: not is_on_board(api, player, other["accessToken"]), "no rank")

    page.get_by_role("button", name="End the ban…").click()
    page.locator("#reason-text").fill("another player of the name")
    page.get_by_role("dialog").get_by_role("button", name="End the ban").click()
    expect(page.locator("#dossier-ban")).to_be_hidden()
    wait_for(lambda: is_on_board(api, player, other["accessToken"]), "a rank")
    assert api.complete(again.body["accessToken"], 0).status == 200
    # An end in error is taken back too.
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#dossier-ban")).to_contain_text("Banned for EXPLOITING, until")
    page.get_by_role("button", name="End the ban…").click()
    page.locator("#reason-text").fill("enough")
    page.get_by_role("dialog").get_by_role("button", name="End the ban").click()
    expect(page.locator("#dossier-ban")).to_be_hidden()
    desk.close()


def test_an_appeal_is_read_and_granted_and_a_check_snoozed(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player = cheat(api, held=1)
    (held,) = player["held"]
    words = {"message": "I have practised <b>a lot</b>."}
    assert (
        api.call("POST", f"/api/actions/{held}/appeal", words, token=player["accessToken"]).status
        == 201
    )
    desk = Desk(stack, browser)
    desk.sign_in(moderator)
    page = desk.page
    row = page.locator("#cases > li", has_text=player["username"])
    expect(row).to_contain_text("1 appeal")
    row.locator("a").click()
    expect(page.locator("#appeals")).to_contain_text("I have practised <b>a lot</b>.")
    page.locator("#appeals").get_by_role("button", name="Show the action").click()
    expect(desk.row(held).locator("input")).to_be_focused()
    trace = desk.row(held).locator(".trace")
    trace.locator("tbody tr", has_text="score_burst").get_by_role("button", name="Snooze").click()
    expect(page.locator("#snooze-check")).to_have_value("score_burst")
    page.keyboard.type("an honest streak")
    page.keyboard.press("Enter")
    expect(page.locator("#snoozes")).to_contain_text("score_burst")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#snoozes-none")).to_be_visible()

    desk.choose(held)
    desk.decide("release", "practised")
    desk.expect_status(held, "applied")
    expect(page.locator("#appeals")).to_contain_text("granted")
    assert read_score(api, player) == 6000
    assert desk.visit.problems == []
    desk.close()


def test_a_decision_goes_on_while_the_moderator_looks_at_another_player(
    stack: Stack, api: Api, browser: Browser, moderator: str
) -> None:
    player, other = cheat(api), cheat(api, held=0)
    desk = Desk(stack, browser)
    desk.sign_in(moderator)
    desk.open_player(player)
    desk.choose(*player["held"])
    desk.decide("reject", "a trainer")
    # The other one's page is drawn while decisions are on their way, or just after them.
    desk.page.evaluate(f"location.hash = '#player/{other['userId']}'")
    expect(desk.page.locator("#dossier-name")).to_have_text(other["username"])
    expect(desk.page.locator("#reason")).to_have_value("")
    for action_id in player["held"]:
        path = f"/api/actions/{action_id}"
        wait_for(
            lambda path=path: (
                api.get(path, token=player["accessToken"]).body["status"] == "rejected"
            ),
            f"{action_id} to be rejected",
        )
    expect(desk.page.locator("#actions > li")).to_have_count(5)
    desk.open_player(player)
    expect(desk.page.locator("#reason")).to_have_value("a trainer")
    assert desk.visit.problems == []
    desk.close()
