"""Usernames: which are allowed, when two are the same, and names for players without one."""

import re
import unicodedata
from itertools import groupby, pairwise
from uuid import UUID, uuid4

import regex
from idna import valid_contextj

from domain.accounts.lookalikes import mixes_scripts

MIN_LENGTH = 3
MAX_LENGTH = 32
# In a row, on one letter: UTS 39, section 5.4.
MAX_MARKS = 4
# Control, format (such as bidi marks), surrogate, private use, unassigned, separators except space.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_NONSPACING_MARKS = frozenset({"Mn", "Me"})
_JOINERS = "\u200c\u200d"
# Of no width, or blank without being a space: fillers, variation selectors, the empty braille
# pattern, null note heads, the Khitan filler, blank hieroglyphs, the object replacement.
_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}--[\u200c\u200d]]"
    r"|[\u2800\U0001d159\U00016fe4\U00013441\U00013442\ufffc]",
    regex.VERSION1,
)
# The sign that asks for a picture instead of a text: an emoji is the same with and without it.
_EMOJI_STYLE = regex.compile(r"(?<=\p{Emoji})(?<![\x00-\x7f])\ufe0f")
_EMOJI_JOINER = regex.compile(
    r"(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d(?=\p{Extended_Pictographic})"
)
_GENERATED = re.compile(r"player-[0-9a-f]{12}(?:[0-9a-f]{12})?")


def clean_username(raw: str) -> str | None:
    """Return the name in its stored form, or None if it is not allowed.

    The form is NFKC, without leading, trailing or repeated spaces: names must not differ by what
    is invisible. Other white space is not removed; a name with a line break is not allowed. Allowed
    are names that people can tell apart: with a letter or digit, of scripts that are written
    together, without blank or ignorable characters. The joiners U+200C and U+200D are allowed where
    a script needs them (RFC 5892, appendix A) and between emoji.
    """
    name = unicodedata.normalize("NFKC", _EMOJI_STYLE.sub("", raw))
    name = " ".join(part for part in name.split(" ") if part)
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH:
        return None
    # Joiners have their own rule; without them every other character must be one that is seen.
    seen = name.translate(dict.fromkeys(map(ord, _JOINERS)))
    categories = {unicodedata.category(character) for character in seen.replace(" ", "")}
    if categories & _FORBIDDEN_CATEGORIES or _UNSEEN.search(name):
        return None
    is_readable = any(map(str.isalnum, name)) and not _piles_marks(name)
    return name if is_readable and _joins_rightly(name) and not mixes_scripts(seen) else None


def username_key(name: str) -> str:
    """Return the form in which names are unique: case-folded, then NFKC again."""
    return unicodedata.normalize("NFKC", name.casefold())


def player_username(claimed: str | None, user_id: UUID) -> str:
    """Return the name of a player first seen through a token: the claim if it is allowed."""
    cleaned = clean_username(claimed) if claimed else None
    return cleaned or f"player-{user_id.hex[:12]}"


def alternative_username(name: str, user_id: UUID) -> str:
    """Return the name to use when `name` is taken: a suffix that only this user can have.

    In digits if letters would mix scripts; without the name if it cannot be cut where it must.
    """
    for suffix in (f"-{user_id.hex[:12]}", f"-{user_id.int % 10**12:012d}"):
        alternative = name[: MAX_LENGTH - len(suffix)] + suffix
        if clean_username(alternative) == alternative:
            return alternative
    return f"player-{user_id.hex[:12]}"


def unpredictable_username() -> str:
    """Return a name that nobody could have registered in advance to keep a player out."""
    return f"player-{uuid4().hex[:24]}"


def is_generated(name: str) -> bool:
    """Return whether the name has the form of those that are given to players without one."""
    return _GENERATED.fullmatch(name) is not None


def _piles_marks(name: str) -> bool:
    """Return whether marks begin the name, are repeated, or stand in too long a row."""
    if unicodedata.category(name[0])[0] == "M":
        return True
    decomposed = unicodedata.normalize("NFD", name)
    for is_mark, run in groupby(decomposed, lambda c: unicodedata.category(c) in _NONSPACING_MARKS):
        marks = list(run) if is_mark else []
        if len(marks) > MAX_MARKS or any(a == b for a, b in pairwise(marks)):
            return True
    return False


def _joins_rightly(name: str) -> bool:
    """Return whether every joiner stands where a script or an emoji needs it."""
    between_emoji = {found.start() for found in _EMOJI_JOINER.finditer(name)}
    return all(
        place in between_emoji or valid_contextj(name, place)
        for place, character in enumerate(name)
        if character in _JOINERS
    )
