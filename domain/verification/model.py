"""The words of verification: the invariants, and what was found of each."""

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """What must always be true; the names are those that operators see."""

    TERMINAL = "terminal"
    """Every acknowledged action comes to its end."""
    EXACTLY_ONCE = "exactly-once"
    """Every acknowledged id has one row, every applied one a single effect."""
    CONSERVATION = "conservation"
    """The applied scores, archived ones included, add up to the scores and the statistics."""
    AUDIT = "audit"
    """The chain holds, and has one entry for each final transition."""
    ARCHIVES = "archives"
    """The files are there and add up to what the database kept."""
    BOARD = "board"
    """The sorted set is the SQL ranking."""


@dataclass(frozen=True, slots=True)
class InvariantReport:
    """What was found of one invariant: it holds when `findings` is empty.

    Each finding names what is broken by its id; `more` says that only the first are listed.
    """

    invariant: Invariant
    findings: tuple[str, ...] = ()
    more: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.findings
