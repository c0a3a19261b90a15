"""The page of the API: a token of a guest, calls that can be tried, the filter, a phone."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import Visit, keep_picture
from tests.e2e.pages.accessibility import assert_accessible
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

MAIN_CALL = "actions.complete"


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Visit]:
    """The page of the API with all its operations, in a window of its own."""
    made = Visit(browser, f"http://127.0.0.1:{stack.port}/docs")
    expect(find_card(made.page, MAIN_CALL)).to_be_attached()
    yield made
    made.page.close()


def find_card(page: Page, operation_id: str) -> Locator:
    """Return the card of an operation."""
    return page.locator(f"[id='{operation_id}']")


def open_card(page: Page, operation_id: str) -> Locator:
    """Open the card of an operation, and return it."""
    card = find_card(page, operation_id)
    card.locator("summary").click()
    expect(card.locator(".inside")).to_be_visible()
    return card


def try_it(card: Locator, button: str = "Send") -> tuple[int, dict[str, Any]]:
    """Send what the card has, and return status and body of the answer."""
    with card.page.expect_response(lambda answer: "/api/" in answer.url) as sent:
        card.get_by_role("button", name=button, exact=True).click()
    expect(card.locator(".output strong")).to_contain_text(str(sent.value.status))
    return sent.value.status, json.loads(card.locator(".output pre").inner_text())


def become_guest(page: Page) -> None:
    """Take the token of a guest."""
    page.get_by_role("button", name="Get a guest token").click()
    expect(page.locator("#token-state")).to_contain_text("You are guest-")
    expect(page.locator("#token")).not_to_have_value("")


def test_a_guest_tries_the_main_call_and_each_try_is_a_new_action(visit: Visit) -> None:
    become_guest(visit.page)
    card = open_card(visit.page, MAIN_CALL)
    first_status, first = try_it(card)
    second_status, second = try_it(card)
    assert (first_status, second_status) == (200, 200)
    assert first["actionId"] != second["actionId"]
    assert (first["newScore"], second["newScore"]) == (150, 300)
    assert visit.problems == []


def test_the_same_sent_again_is_told_apart_and_the_answer_leads_to_what_it_means(
    visit: Visit,
) -> None:
    become_guest(visit.page)
    card = open_card(visit.page, MAIN_CALL)
    _, first = try_it(card)
    status, second = try_it(card, "Send the same again")
    assert (status, second["error"]["code"]) == (409, "DUPLICATE_ACTION")
    assert second["error"]["details"]["result"]["newScore"] == first["newScore"]
    card.get_by_role("link", name="what DUPLICATE_ACTION means").click()
    paragraph = visit.page.locator("#error-DUPLICATE_ACTION")
    expect(paragraph).to_be_in_viewport()
    expect(paragraph).to_contain_text("Take details.result as the answer")


def test_what_somebody_has_typed_is_sent_as_it_is(visit: Visit) -> None:
    become_guest(visit.page)
    card = open_card(visit.page, MAIN_CALL)
    card.locator("textarea").fill('{"actionId": "not an id", "score": 1}')
    for _ in range(2):
        status, body = try_it(card)
        assert (status, body["error"]["code"]) == (400, "INVALID_PAYLOAD")
        assert body["error"]["details"]["fields"].keys() == {"actionId", "timestamp"}


def test_the_body_of_a_registration_is_valid_each_time(visit: Visit) -> None:
    card = open_card(visit.page, "accounts.register")
    names = set()
    for _ in range(2):
        status, body = try_it(card)
        assert status == 201
        names.add(body["username"])
    assert len(names) == 2


def test_what_the_page_has_learned_is_filled_in(visit: Visit) -> None:
    become_guest(visit.page)
    _, completed = try_it(open_card(visit.page, MAIN_CALL))
    status, record = try_it(open_card(visit.page, "actions.one"))
    assert (status, record["actionId"]) == (200, completed["actionId"])
    status, player = try_it(open_card(visit.page, "users.score"))
    assert (status, player["score"]) == (200, 150)


def test_a_card_shows_the_fields_of_the_body_and_an_example_of_the_answer(visit: Visit) -> None:
    card = open_card(visit.page, MAIN_CALL)
    for name in ("actionId", "score", "timestamp", "metadata"):
        expect(card.locator(".fields code", has_text=name).first).to_be_visible()
    example = card.locator("figure", has_text="Example of 200: applied").locator("pre")
    assert json.loads(example.inner_text())["newScore"] == 1350
    expect(card.get_by_role("link", name="FRAUD_DETECTED")).to_have_attribute(
        "href", "#error-FRAUD_DETECTED"
    )


def test_the_filter_finds_the_main_call_by_a_field_and_says_when_nothing_is_found(
    visit: Visit,
) -> None:
    page = visit.page
    field = page.get_by_label("Find an operation")
    field.fill("score")
    expect(find_card(page, MAIN_CALL)).to_be_visible()
    expect(page.locator("#index").get_by_text("/api/actions/complete")).to_be_visible()
    expect(find_card(page, "accounts.login")).to_be_hidden()
    field.fill("no such thing")
    expect(page.locator("#found")).to_contain_text("Nothing found")
    expect(page.locator("#index a:visible")).to_have_count(0)
    field.fill("")
    expect(find_card(page, "accounts.login")).to_be_visible()
    expect(page.locator("#found")).to_be_empty()


def test_on_a_phone_the_index_is_folded_and_nothing_is_cut_off(
    stack: Stack, browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(f"http://127.0.0.1:{stack.port}/docs")
    expect(find_card(page, MAIN_CALL)).to_be_attached()
    expect(page.locator("#index")).to_be_hidden()
    expect(page.locator("h1")).to_be_in_viewport()
    keep_picture(page, "docs-narrow")
    page.get_by_text("All operations").click()
    page.locator("#index").get_by_text("/api/actions/batch").click()
    expect(page.locator("#index")).to_be_hidden()
    expect(find_card(page, "actions.batch").locator(".inside")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


def test_the_page_is_used_by_keyboard_and_is_accessible_with_open_cards(visit: Visit) -> None:
    page = visit.page
    summary = find_card(page, MAIN_CALL).locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(find_card(page, MAIN_CALL).locator(".inside")).to_be_visible()
    page.locator("[id='schema-Error'] > summary").click()
    page.get_by_label("Find an operation").fill("actions")
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    keep_picture(page, "docs-dark")
