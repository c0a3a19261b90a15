"""Who may not come in, and what the page says when the API refuses something or is away."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.api import Api
from tests.e2e.moderation.desk import Desk, cheat, issue_moderator
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

NO_ROLE = "This account is no moderator's: the role moderator or admin is needed."
BACK_MS = 25_000


def test_a_player_and_a_wrong_password_are_refused_with_a_sentence(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = api.register()
    desk = Desk(stack, browser)
    page = desk.page
    for password, words in (
        ("not the password", "There is no account with this name and this password."),
        (player["password"], NO_ROLE),
    ):
        page.locator("#username").fill(player["username"])
        page.locator("#password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#entry-problem")).to_contain_text(words)
        # Nothing that was typed is lost.
        expect(page.locator("#username")).to_have_value(player["username"])
    for token, words in (
        (player["accessToken"], NO_ROLE),
        ("not.a.token", "This token is not valid"),
        ("Bearer žeton", "This token is not valid"),
    ):
        desk.use_token(token)
        expect(page.locator("#entry-problem")).to_contain_text(words)
    expect(page.locator("#work")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0
    desk.close()


def test_an_admin_may_moderate_and_the_session_lasts_until_signing_out(
    stack: Stack, browser: Browser
) -> None:
    desk = Desk(stack, browser)
    desk.sign_in(issue_moderator(stack, "admin"))
    desk.page.reload()
    expect(desk.page.locator("#work")).to_be_visible()
    assert desk.page.evaluate("localStorage.length") == 0
    desk.page.get_by_role("button", name="Sign out").click()
    expect(desk.page.locator("#entry")).to_be_visible()
    desk.page.reload()
    expect(desk.page.locator("#entry")).to_be_visible()
    assert desk.visit.problems == []
    desk.close()


def test_who_was_made_a_moderator_signs_in_by_name_and_password(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = api.register()
    granted = stack.flask("roles", "grant", player["userId"], "moderator")
    assert granted.returncode == 0, granted.stderr
    desk = Desk(stack, browser)
    desk.page.locator("#username").fill(player["username"])
    desk.page.locator("#password").fill(player["password"])
    desk.page.locator("#password").press("Enter")
    expect(desk.page.locator("#work")).to_be_visible()
    expect(desk.page.locator("#who-name")).to_have_text(player["username"])
    assert desk.visit.problems == []
    desk.close()


def test_while_one_moderator_has_a_case_the_other_is_told_so_and_keeps_what_was_typed(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = cheat(api, held=1)
    (held,) = player["held"]
    ada, bob = (Desk(stack, browser) for _ in range(2))
    for desk in (ada, bob):
        desk.sign_in(issue_moderator(stack))
        desk.open_player(player)
    ada.page.get_by_role("button", name="Claim", exact=True).click()
    expect(ada.page.locator("#claim-words")).to_have_text(
        re.compile(r"^Claimed by you, 2\d min left\.$")
    )

    bob.choose(held)
    bob.decide("release", "looks honest")
    refusal = bob.page.locator("#decision-problem")
    expect(refusal).to_contain_text("Another moderator")
    expect(refusal).to_contain_text("has claimed this case until")
    expect(bob.row(held).locator(".outcome")).to_contain_text("Another moderator")
    expect(bob.page.locator("#reason")).to_have_value("looks honest")
    expect(bob.row(held).locator("input")).to_be_checked()
    bob.page.get_by_role("button", name="Claim", exact=True).click()
    expect(bob.page.locator("#claim-problem")).to_contain_text("Another moderator")
    expect(bob.page.locator("#claim-words")).to_contain_text("Claimed by")

    # It cannot be closed either while something is held: said in the dialog, which stays.
    ada.page.get_by_role("button", name="Close the case…").click()
    ada.page.locator("#reason-text").fill("nothing to see")
    ada.page.get_by_role("dialog").get_by_role("button", name="Close the case").click()
    expect(ada.page.locator("#reason-problem")).to_contain_text("The case has held actions")
    expect(ada.page.locator("#reason-text")).to_have_value("nothing to see")
    ada.page.get_by_role("button", name="Cancel").click()
    ada.page.get_by_role("button", name="Give it back").click()
    expect(ada.page.locator("#claim-words")).to_have_text("Claimed by nobody.")
    bob.decide("release")
    bob.expect_status(held, "applied")
    for desk in (ada, bob):
        desk.close()


def test_a_decision_that_came_too_late_is_told_at_its_action(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = cheat(api, held=1)
    (held,) = player["held"]
    token = issue_moderator(stack)
    desk = Desk(stack, browser)
    desk.sign_in(token)
    desk.open_player(player)
    desk.choose(held)
    desk.page.locator("#reason").fill("second")
    # The page does not read what has become of it before the button is pressed.
    desk.page.route("**/api/moderation/cases*", lambda route: route.abort())
    desk.page.route("**/api/moderation/users/*", lambda route: route.abort())
    path = f"/api/moderation/actions/{held}/decision"
    body = {"decision": "reject", "reason": "first"}
    decided = api.call("POST", path, body, token=token, Prefer="wait=10")
    assert decided.body["status"] == "rejected", decided.text
    desk.decide("reject")
    expect(desk.row(held).locator(".outcome")).to_contain_text("The action is rejected by now")
    expect(desk.page.locator("#reason")).to_have_value("second")
    desk.close()


def test_a_moderators_own_account_is_for_others(stack: Stack, api: Api, browser: Browser) -> None:
    player = cheat(api, held=0)
    issued = stack.flask("tokens", "issue", "--role", "moderator", "--subject", player["userId"])
    desk = Desk(stack, browser, at=f"#player/{player['userId']}")
    desk.sign_in(issued.stdout.strip())
    action_id = player["applied"][0]
    desk.choose(action_id)
    desk.decide("void", "mine")
    words = "Nobody decides on their own account"
    expect(desk.page.locator("#decision-problem")).to_contain_text(words)
    desk.page.get_by_role("button", name="Ban…", exact=True).click()
    desk.page.get_by_role("button", name="Ban the player").click()
    expect(desk.page.locator("#ban-problem")).to_contain_text(words)
    desk.close()


def test_what_is_not_there_is_said_where_it_was_looked_for(stack: Stack, browser: Browser) -> None:
    nobody = "550e8400-e29b-41d4-a716-446655440000"
    desk = Desk(stack, browser, at=f"#case/{nobody}")
    desk.sign_in(issue_moderator(stack))
    page = desk.page
    expect(page.locator("#dossier-problem")).to_contain_text("There is nothing of this id")
    page.locator("#search-text").fill(nobody)
    page.locator("#search-text").press("Enter")
    expect(page.locator("#search-problem")).to_contain_text("no player, action or case of this id")
    page.locator("#search-text").fill("nobody-has-this-name")
    page.locator("#search-text").press("Enter")
    expect(page.locator("#found-words")).to_have_text("No player's name begins so.")
    page.locator("#filter-user").fill("not an id")
    page.locator("#filter-user").press("Enter")
    expect(page.locator("#queue-problem")).to_contain_text("Not taken: user:")
    expect(page.locator("#filter-user")).to_have_value("not an id")
    page.locator("#filter-user").fill(nobody)
    page.locator("#filter-user").press("Enter")
    expect(page.locator("#queue-empty")).to_have_text("No case fits these filters.")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("#filter-user")).to_have_value("")
    desk.close()


def test_without_the_server_nothing_typed_is_lost_and_the_page_comes_back(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = cheat(api, held=1)
    (held,) = player["held"]
    desk = Desk(stack, browser)
    desk.sign_in(issue_moderator(stack))
    desk.open_player(player)
    page = desk.page
    desk.choose(held)
    page.context.set_offline(True)
    desk.decide("reject", "a trainer")
    expect(page.locator("#decision-problem")).to_contain_text("The server cannot be reached")
    expect(page.locator("#reason")).to_have_value("a trainer")
    expect(page.locator("#state")).to_have_attribute("data-state", "offline", timeout=BACK_MS)
    expect(desk.row(held).locator("input")).to_be_checked()
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=BACK_MS)
    desk.decide("reject")
    desk.expect_status(held, "rejected")
    desk.close()


def test_an_ended_session_asks_again_and_keeps_what_was_typed(
    stack: Stack, api: Api, browser: Browser
) -> None:
    player = cheat(api, held=1)
    (held,) = player["held"]
    (issued,) = stack.issue_tokens(1, "--role", "moderator")
    desk = Desk(stack, browser)
    desk.sign_in(issued["token"])
    desk.open_player(player)
    desk.choose(held)
    desk.page.locator("#reason").fill("a trainer")
    revoked = stack.flask("tokens", "revoke", "--subject", issued["userId"])
    assert revoked.returncode == 0, revoked.stderr
    expect(desk.page.locator("#entry-problem")).to_contain_text(
        "Your session has ended", timeout=BACK_MS
    )
    expect(desk.page.locator("#work")).to_be_hidden()
    desk.sign_in(issue_moderator(stack))
    expect(desk.page.locator("#reason")).to_have_value("a trainer")
    desk.decide("reject")
    desk.expect_status(held, "rejected")
    desk.close()
