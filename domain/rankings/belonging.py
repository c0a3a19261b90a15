"""Belonging: which value of an attribute places an action, as the player's changes say; pure.

An action counts if its player had the attribute when it came in. It counts where the player was
last before its period ended: so rows of a period that is not over follow every change, and those
of one that is over stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.rankings.model import AttributeChange, PlayerFacts

History = Mapping[str, Sequence[AttributeChange]]
"""By attribute its changes, the earliest first."""


def find_value(
    player: PlayerFacts, name: str, *, at: datetime, until: datetime | None
) -> str | None:
    """Return the value that places an action of this intake time, in a period with this end.

    None when it does not count. An attribute without changes has always been what it is.
    """
    changes = player.history.get(name)
    if changes is None:
        return player.attributes.get(name)
    return last_value(changes, until) if _had_value(changes, at) else None


def last_value(changes: Iterable[AttributeChange], until: datetime | None = None) -> str | None:
    """Return the last value before this moment, also when it was removed then; None: of all."""
    values = [
        change.value
        for change in changes
        if change.value is not None and (until is None or change.at < until)
    ]
    return values[-1] if values else None


def decode_history(document: Mapping[str, Any] | None) -> dict[str, tuple[AttributeChange, ...]]:
    """Return a history from the JSON that `encode_history` makes; None is an empty one."""
    return {
        name: tuple(AttributeChange(datetime.fromisoformat(at), value) for at, value in changes)
        for name, changes in (document or {}).items()
    }


def encode_history(history: History) -> dict[str, list[list[str | None]]]:
    """Return the history as JSON: by attribute [moment, value or null]."""
    return {
        name: [[change.at.isoformat(), change.value] for change in changes]
        for name, changes in history.items()
    }


def _had_value(changes: Iterable[AttributeChange], at: datetime) -> bool:
    value = None
    for change in changes:
        if change.at > at:
            break
        value = change.value
    return value is not None
