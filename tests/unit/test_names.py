"""Usernames: what is allowed, when two are the same, and what to do when one is taken."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.names import (
    MAX_LENGTH,
    alternative_username,
    clean_username,
    player_username,
    username_key,
)

ADA = UUID("0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823")


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("ada", "ada"),
        ("  ada  ", "ada"),
        ("Ada  Lovelace", "Ada Lovelace"),
        ("\uff21\uff44\uff41", "Ada"),
        ("ada\u00a0b", "ada b"),
        ("x" * 32, "x" * 32),
        ("日本語", "日本語"),
        ("a|b'\"\\;--", "a|b'\"\\;--"),
    ],
)
def test_a_name_is_stored_in_one_form(raw: str, stored: str) -> None:
    assert clean_username(raw) == stored


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ab",
        "  a  ",
        "x" * 33,
        "ada\x00",
        "ada\n",
        "a\tb",
        "ada\u202egnp",
        "ada\u200b",
        "\ud800ada",
        "ada\ue000",
        "ada\u2028",
        "\ufdfa\ufdfa",
    ],
)
def test_a_name_that_could_deceive_or_break_is_refused(raw: str) -> None:
    assert clean_username(raw) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "aDA"), ("stra\u00dfe", "STRASSE"), ("\u03c3\u03c2x", "\u03a3\u03a3X")],
)
def test_names_that_differ_only_by_case_are_the_same(one: str, other: str) -> None:
    assert username_key(one) == username_key(other)


@given(st.text(max_size=40))
def test_a_stored_name_is_stable_and_fits_its_column(raw: str) -> None:
    name = clean_username(raw)
    if name is not None:
        assert clean_username(name) == name
        assert len(name) <= MAX_LENGTH
        assert len(username_key(name)) <= 200


@given(st.text(max_size=40), st.uuids())
def test_every_player_has_a_name_and_an_alternative_when_it_is_taken(
    claimed: str, user: UUID
) -> None:
    name = player_username(claimed, user)
    assert clean_username(name) == name
    other = alternative_username(name, user)
    assert username_key(other) != username_key(name)
    assert 3 <= len(other) <= MAX_LENGTH
    assert other.endswith(user.hex[:12])


def test_a_claim_that_is_not_allowed_gives_a_generated_name() -> None:
    assert player_username("x", ADA) == "player-0f9c6a5be1d7"
    assert player_username(None, ADA) == "player-0f9c6a5be1d7"
    assert player_username(" ada ", ADA) == "ada"
    assert alternative_username("ada", ADA) == "ada-0f9c6a5be1d7"
