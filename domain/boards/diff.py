"""What changed between two views of one board: pure, for whoever tells listeners about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.boards.model import Standing


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it is now, and the rank its user had in the view before (None: was not in it)."""

    standing: Standing
    previous_rank: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one view into the next: drop `removed`, put in `changes`, order by rank."""

    changes: tuple[Change, ...]
    removed: tuple[UUID, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two views show the same rows."""
        return not self.changes and not self.removed


def difference(before: Sequence[Standing], after: Sequence[Standing]) -> Difference:
    """Return what changed from one view to the next, in order of the new ranks.

    A row counts as changed when anything of it differs, the rank included; so whoever applies the
    difference to `before` has exactly `after`.
    """
    known = {standing.user_id: standing for standing in before}
    changes = []
    for standing in after:
        previous = known.pop(standing.user_id, None)
        if previous != standing:
            changes.append(Change(standing, previous.rank if previous else None))
    return Difference(changes=tuple(changes), removed=tuple(known))
