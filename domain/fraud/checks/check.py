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
    the policy of the settings. With settings that are not `needed_if`, it needs no signals.
    """

    name: str
    version: int
    reasons: tuple[str, ...]
    points: float
    run: Run
    settings: type
    needs: frozenset[Signal] = frozenset()
    needed_if: Callable[[Any], bool] | None = None

    @property
    def asks_model(self) -> bool:
        """Whether it runs only where there is a model."""
        return Signal.MODEL in self.needs

    def needs_with(self, settings: Any) -> frozenset[Signal]:
        """Return the signals that it needs with these settings."""
        is_needed = self.needed_if is None or self.needed_if(settings)
        return self.needs if is_needed else frozenset()


def limit(default: float, doc: str, *, minimum: float, maximum: float) -> Any:
    """Return a setting of a check: a number between two bounds, with what it means and its unit."""
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True)
class NoSettings:
    """The settings of a check that has none."""
