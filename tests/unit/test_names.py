"""Usernames: what is allowed, when two are the same, and what to do when one is taken."""

import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.lookalikes import skeleton
from domain.accounts.names import (
    MAX_LENGTH,
    alternative_username,
    clean_username,
    is_generated,
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


UNSEEN = "\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f\ufe0e\u17b4\u17b5\u180b\u180c\u180d\u180e"
BLANK = (
    UNSEEN + "\u180f\U0001d159\U00016fe4\ufffc\u200b\u200c\u200d\u2060\u00ad\u00a0\u1680\U000e0041"
)


@pytest.mark.parametrize("character", BLANK)
def test_what_nobody_sees_is_no_name_and_no_part_of_one(character: str) -> None:
    assert clean_username(character * 3) is None
    with_it = [clean_username(name) for name in (f"ada{character}", f"a{character}da")]
    # The no-break space is a space like any other.
    assert with_it == ([None, None] if character != "\u00a0" else ["ada", "a da"])


@pytest.mark.parametrize("raw", ["...", "- - -", "\u0301" * 5, "🙂🙂🙂", "_/\\_"])
def test_a_name_has_a_letter_or_a_digit(raw: str) -> None:
    assert clean_username(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "\u0301ada",
        "Zoe" + "\u0301" * 2,
        "Z" + "\u0301" * 30 + "oe",
        "Z" + "".join(map(chr, range(0x316, 0x31B))) + "oe",
        "Z" + "".join(map(chr, range(0x300, 0x31E))),
    ],
)
def test_marks_are_not_piled_up(raw: str) -> None:
    assert clean_username(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "\u0430da",
        "ad\u0430",
        "\u03b1da",
        "Oль",
        "ada\u0501",
        "\U00010428ab",
        "\u13aada",
        "\u05d0\u03b1\u03b1",
    ],
)
def test_scripts_that_look_alike_are_not_mixed(raw: str) -> None:
    assert clean_username(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "ad\u200da",
        "ad\u200ca",
        "\u200cada",
        "ada\u200d",
        "ا\u200d\u200dبا",
        "🙂\u200dada",
        "ada1\ufe0f\u20e3",
        "ada🏴\U000e0067\U000e0062\U000e007f",
    ],
)
def test_joiners_and_signs_of_emoji_are_refused_elsewhere(raw: str) -> None:
    assert clean_username(raw) is None


HONEST = [
    "Zoë", "Łukasz", "Nguyễn Văn", "Ольга", "Ελένη", "محمد", "می\u200cخواهم", "علی\u200cرضا", "שרה",
    "עִבְרִית", "नरेन्द्र", "ক্\u200dষি", "শ্রী", "தமிழ்", "ශ්\u200dරී", "ไทยคำ", "ភាសាខ្មែរ", "မြန်မာ",
    "ひらがなカタカナ", "サーバー7", "김철수", "李小龍ABC", "中文注音ㄅ", "ქართული", "Հայաստան",
    "አማርኛ", "ᏣᎳᎩ", "ދިވެހި", "བོད་ཡིག", "తెలుగు", "ada 👨\u200d👩\u200d👧", "ada👍🏽", "ada🇩🇪",
]  # fmt: skip


@pytest.mark.parametrize("raw", HONEST)
def test_honest_names_of_any_script_are_kept(raw: str) -> None:
    name = clean_username(raw)
    assert name == unicodedata.normalize("NFKC", raw)
    assert player_username(raw, ADA) == name
    other = alternative_username(name, ADA)
    assert clean_username(other) == other
    assert len({skeleton(name), skeleton(other)}) == 2


def test_honest_names_do_not_look_alike() -> None:
    assert len({skeleton(name) for name in HONEST}) == len(HONEST)


def test_an_emoji_is_the_same_with_and_without_its_sign() -> None:
    assert clean_username("ada❤\ufe0f") == "ada❤"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ace", "асе"),
        ("ACE", "аСе"),
        ("adal", "ada1"),
        ("adal", "adaI"),
        ("ADAO", "ada0"),
        ("modern", "modem"),
        ("pop", "рор"),
        ("HAH", "НАН"),
        ("ΑΒΕ", "abe"),
        ("می\u200cخواهم", "میخواهم"),
        ("ada 👨\u200d👩", "ada 👨👩"),
    ],
)
def test_names_that_look_alike_share_a_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@given(st.uuids(), st.uuids())
def test_generated_names_do_not_look_alike(one: UUID, other: UUID) -> None:
    names = {player_username(None, user) for user in (one, other)}
    assert len({skeleton(name) for name in names}) == len(names)
    assert all(is_generated(name) for name in names)


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
    assert clean_username(other) == other
    assert other.endswith((user.hex[:12], f"{user.int % 10**12:012d}"))
    assert not is_generated(name) or name == f"player-{user.hex[:12]}" or name == claimed


def test_a_claim_that_is_not_allowed_gives_a_generated_name() -> None:
    assert player_username("x", ADA) == "player-0f9c6a5be1d7"
    assert player_username(None, ADA) == "player-0f9c6a5be1d7"
    assert player_username(" ada ", ADA) == "ada"
    assert alternative_username("ada", ADA) == "ada-0f9c6a5be1d7"
