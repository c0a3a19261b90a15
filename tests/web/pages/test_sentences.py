"""The page has a sentence for each code with which an action can be answered, and for no other."""

import re
from pathlib import Path

from domain.actions.effects import FAILED
from domain.fraud.checks.table import REASONS
from domain.moderation.deciding import HELD_BY_MODERATOR, VOIDED_BY_MODERATOR
from web.routes.actions import complete
from web.routes.table import OPERATIONS

SENTENCES = Path(__file__).parents[3] / "web/pages/static/home/reasons.js"
EFFECTS = Path(__file__).parents[3] / "domain/actions/effects.py"
# What the middleware refuses, whatever the endpoint.
OF_MIDDLEWARE = {
    "UNAUTHORIZED",
    "INVALID_TOKEN",
    "TOKEN_EXPIRED",
    "FORBIDDEN",
    "RATE_LIMIT_EXCEEDED",
}


def read_table(name: str) -> dict[str, str]:
    """Return one of the tables of sentences, by code."""
    text = SENTENCES.read_text()
    table = text[text.index(f"export const {name} = {{") :].partition("\n};")[0]
    return dict(re.findall(r'^  ([A-Z_]+): "(.+)",$', table, re.MULTILINE))


def test_every_reason_of_an_action_has_its_sentence() -> None:
    of_scoring = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', EFFECTS.read_text()))
    assert FAILED.reason in of_scoring
    expected = {*REASONS, *of_scoring, HELD_BY_MODERATOR, VOIDED_BY_MODERATOR}
    assert read_table("REASONS").keys() == expected


def test_every_refusal_of_an_action_has_its_sentence() -> None:
    (operation,) = (row for row in OPERATIONS if row.view is complete)
    assert read_table("REFUSALS").keys() == {*operation.errors} | OF_MIDDLEWARE


def test_a_sentence_ends_and_tells_no_threshold() -> None:
    for sentence in (read_table("REASONS") | read_table("REFUSALS")).values():
        assert sentence[-1] in ".?"
        assert not re.search(r"\d", sentence)
