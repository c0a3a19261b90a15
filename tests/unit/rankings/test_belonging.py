"""Which value of an attribute places an action, by the player's changes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.attributes import record_changes
from domain.rankings.belonging import decode_history, encode_history, find_value
from domain.rankings.model import AttributeChange, PlayerFacts

START = datetime(2026, 11, 1, tzinfo=UTC)
VALUES = st.none() | st.sampled_from(["DE", "AT", "CH"])


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


DE_THEN_AT = PlayerFacts(
    {"country": "AT"},
    {},
    {
        "country": (
            AttributeChange(at(1), "DE"),
            AttributeChange(at(3), None),
            AttributeChange(at(5), "AT"),
        )
    },
)


@pytest.mark.parametrize(
    ("accepted", "until", "value"),
    [
        (0, None, None),
        (1, None, "AT"),
        (2, None, "AT"),
        (2, 6, "AT"),
        (2, 5, "DE"),
        (2, 4, "DE"),
        (2, 2.5, "DE"),
        (3, None, None),
        (4, 5, None),
        (5, None, "AT"),
        (6, 7, "AT"),
    ],
)
def test_an_action_counts_where_its_player_was_last(
    accepted: float, until: float | None, value: str | None
) -> None:
    end = None if until is None else at(until)
    assert find_value(DE_THEN_AT, "country", at=at(accepted), until=end) == value


def test_an_attribute_without_changes_has_always_been_what_it_is() -> None:
    player = PlayerFacts({"country": "DE"}, {})
    assert find_value(player, "country", at=at(0), until=None) == "DE"
    assert find_value(player, "guild", at=at(0), until=None) is None


def test_the_first_change_of_one_keeps_what_it_was() -> None:
    history = record_changes({"country": "DE"}, {}, {"country": "AT"}, at=at(5))
    player = PlayerFacts({"country": "AT"}, {}, history)
    assert find_value(player, "country", at=at(0), until=at(5)) == "DE"
    assert find_value(player, "country", at=at(0), until=at(6)) == "AT"


@given(st.lists(VALUES, max_size=8), st.integers(0, 20), st.integers(1, 10))
def test_what_is_over_does_not_change_any_more(
    values: list[str | None], accepted: int, length: int
) -> None:
    until = at((accepted + length) / 2)
    found = []
    history: dict[str, tuple[AttributeChange, ...]] = {}
    before: dict[str, str] = {}
    for number, value in enumerate(values, 1):
        after = {"x": value} if value else {}
        history = record_changes(before, history, after, at=at(number))
        before = after
        if at(number) >= until:
            player = PlayerFacts(after, {}, history)
            found.append(find_value(player, "x", at=at(accepted / 2), until=until))
    assert len(set(found)) <= 1
    assert decode_history(json.loads(json.dumps(encode_history(history)))) == history
