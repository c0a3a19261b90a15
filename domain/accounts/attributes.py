"""The rules of players' attributes: a few short texts that a game knows of its player."""

import re
import unicodedata
from collections.abc import Mapping

from domain.boards.model import is_slug
from domain.errors import InvalidPayloadError
from domain.rankings.definition_fields.reader import find_text_problem

MAX_ATTRIBUTES = 8
MAX_ATTRIBUTE_CHARS = 64

# ISO 3166-1 alpha-2, by its form only: the list changes.
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def apply_attributes(
    stored: Mapping[str, str], changes: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the attributes with these changes, texts in NFC; None removes one.

    Raises InvalidPayloadError naming each that is not allowed.
    """
    problems: dict[str, list[str]] = {}
    merged = dict(stored)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
            continue
        merged[name] = unicodedata.normalize("NFC", value)
        problem = _find_problem(name, merged[name])
        if problem is not None:
            problems[name[:MAX_ATTRIBUTE_CHARS]] = [problem]
    if len(merged) > MAX_ATTRIBUTES:
        raise InvalidPayloadError(
            details={"fields": {"attributes": [f"A player has at most {MAX_ATTRIBUTES}."]}}
        )
    if problems:
        raise InvalidPayloadError(details={"fields": {"attributes": problems}})
    return merged


def _find_problem(name: str, value: str) -> str | None:
    if not is_slug(name):
        return "Its name must be 1 to 32 of a-z, 0-9 and inner hyphens."
    if name == "country" and not _COUNTRY.fullmatch(value):
        return "Must be the two capital letters of a country, such as DE."
    return find_text_problem(value, longest=MAX_ATTRIBUTE_CHARS)
