"""The words of verification: the invariants, and what was found about each."""

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """What must always be true. Operators see these names."""

    TERMINAL = "terminal"
    """Every acknowledged action gets a final status."""
    EXACTLY_ONCE = "exactly-once"
    """Every acknowledged id is pending once or has one row, every applied one a single effect."""
    CONSERVATION = "conservation"
    """The applied scores, archived ones included, add up to the scores and the statistics."""
    AUDIT = "audit"
    """The hash chain is whole, and has each final transition once."""
    SEALS = "seals"
    """The rows of closed rankings are, in each revision, those whose hash is in the audit log."""
    ARCHIVES = "archives"
    """The files are there and add up to what the database kept."""
    BOARD = "board"
    """The sorted set is the SQL ranking."""
    RANKINGS = "rankings"
    """Every board's rows are what the ledger gives, and Redis has those that are read there."""


@dataclass(frozen=True, slots=True)
class InvariantReport:
    """What was found about one invariant, which holds when `findings` is empty.

    Each finding names what is broken by its id; with `more`, only the first findings are listed.
    """

    invariant: Invariant
    findings: tuple[str, ...] = ()
    more: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.findings
