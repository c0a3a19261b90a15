"""Usernames: which are allowed, when two are the same, and names for players without one."""

import unicodedata
from uuid import UUID, uuid4

MIN_LENGTH = 3
MAX_LENGTH = 32
# Control, format (such as bidi marks), surrogate, private use, unassigned, separators except space.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_username(raw: str) -> str | None:
    """Return the name in its stored form, or None if it is not allowed.

    The form is NFKC, without leading, trailing or repeated spaces: names must not differ by what
    is invisible. Other white space is not removed; a name with a line break is not allowed.
    """
    name = " ".join(part for part in unicodedata.normalize("NFKC", raw).split(" ") if part)
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH:
        return None
    if any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in name):
        return None
    return name


def username_key(name: str) -> str:
    """Return the form in which names are unique: case-folded, then NFKC again."""
    return unicodedata.normalize("NFKC", name.casefold())


def player_username(claimed: str | None, user_id: UUID) -> str:
    """Return the name of a player first seen through a token: the claim if it is allowed."""
    cleaned = clean_username(claimed) if claimed else None
    return cleaned or f"player-{user_id.hex[:12]}"


def alternative_username(name: str, user_id: UUID) -> str:
    """Return the name to use when `name` is taken: a suffix that only this user can have."""
    suffix = f"-{user_id.hex[:12]}"
    return name[: MAX_LENGTH - len(suffix)] + suffix


def unpredictable_username() -> str:
    """Return a name that nobody could have registered in advance to keep a player out."""
    return f"player-{uuid4().hex[:24]}"
