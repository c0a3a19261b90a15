"""What a check is, and how its settings are declared. Every check is made of these words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.fraud.candidate import Candidate
from domain.fraud.model import Finding
from domain.fraud.signals import Signal, Signals

Run = Callable[[Candidate, Signals, Any], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One way to look at an action.

    `settings` is a frozen dataclass of `limit` fields, the third argument of `run`. `version` grows
    whenever `run` may find something else than before. `points` is what a score of 1.0 is worth in
    the policy of the settings.
    """

    name: str
    version: int
    reasons: tuple[str, ...]
    points: float
    run: Run
    settings: type
    needs: frozenset[Signal] = frozenset()


def limit(default: float, doc: str, *, minimum: float, maximum: float) -> Any:
    """Return a setting of a check: a number between two bounds, with what it means and its unit."""
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True)
class NoSettings:
    """The settings of a check that has none."""
