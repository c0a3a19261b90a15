"""The diff of two views of one board: pure; called by `domain/events/changes.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID


class Ranked(Protocol):
    """A row of any board; two are equal when they show the same."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def rank(self) -> int: ...


Row = TypeVar("Row", bound=Ranked)


@dataclass(frozen=True, slots=True)
class ChangedStanding(Generic[Row]):
    """A row of the later view, and its user's rank in the earlier one (None: not in it)."""

    standing: Row
    previous_rank: int | None


@dataclass(frozen=True, slots=True)
class ViewDiff(Generic[Row]):
    """What turns a view into the next: drop `removed`, put in `changes`, sort by rank."""

    changes: tuple[ChangedStanding[Row], ...]
    removed: tuple[UUID, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two views show the same rows."""
        return not self.changes and not self.removed


def diff_views(before: Sequence[Row], after: Sequence[Row]) -> ViewDiff[Row]:
    """Return the diff of two views of one board, its changes in order of the new ranks.

    A row counts as changed when any of its fields differs, the rank included: a client that applies
    the diff to `before` has exactly `after`.
    """
    known = {standing.user_id: standing for standing in before}
    changes = []
    for standing in after:
        previous = known.pop(standing.user_id, None)
        if previous != standing:
            changes.append(ChangedStanding(standing, previous.rank if previous else None))
    return ViewDiff(changes=tuple(changes), removed=tuple(known))
