"""The rules of players' attributes: a few short texts that a game knows of its player."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil

from domain.boards.model import is_slug
from domain.errors import InvalidPayloadError, RateLimitExceededError
from domain.rankings.belonging import History
from domain.rankings.definition_fields.reader import find_text_problem
from domain.rankings.model import AttributeChange

MAX_ATTRIBUTES = 8
MAX_ATTRIBUTE_CHARS = 64
# Changes are kept for as long as the player is.
MAX_CHANGES = 20
CHANGES_WITHIN = timedelta(days=30)

_EVER = datetime.fromtimestamp(0, UTC)
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


def list_changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the names whose values differ."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def record_changes(
    old: Mapping[str, str], history: History, new: Mapping[str, str], *, at: datetime
) -> dict[str, tuple[AttributeChange, ...]]:
    """Return the history with what differs between the old and the new attributes."""
    recorded = {name: tuple(changes) for name, changes in history.items()}
    for name in list_changed(old, new):
        # One that was stored without a change has always been what it is.
        first = (AttributeChange(_EVER, old[name]),) if name in old else ()
        change = AttributeChange(at, new.get(name))
        recorded[name] = (*recorded.get(name, first), change)
    return recorded


def check_changes(history: History, *, added: Collection[str], at: datetime) -> None:
    """Raise RateLimitExceededError when there would be more than MAX_CHANGES in CHANGES_WITHIN."""
    times = sorted(
        change.at
        for changes in history.values()
        for change in changes
        if change.at > at - CHANGES_WITHIN
    )
    surplus = len(times) + len(added) - MAX_CHANGES
    if surplus > 0 and times:
        over = times[min(surplus, len(times)) - 1] + CHANGES_WITHIN - at
        raise RateLimitExceededError(
            f"Attributes change at most {MAX_CHANGES} times in {CHANGES_WITHIN.days} days",
            retry_after_seconds=max(1, ceil(over.total_seconds())),
        )


def _find_problem(name: str, value: str) -> str | None:
    if not is_slug(name):
        return "Its name must be 1 to 32 of a-z, 0-9 and inner hyphens."
    if name == "country" and not _COUNTRY.fullmatch(value):
        return "Must be the two capital letters of a country, such as DE."
    return find_text_problem(value, longest=MAX_ATTRIBUTE_CHARS)
