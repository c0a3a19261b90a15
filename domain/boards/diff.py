"""The diff of two views of one board: pure; called where events are made."""

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
    """A row of the later view, and its user's rank before it.

    The rank is that in the earlier rows, in view or behind it; None for who was not among them.
    """

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


def diff_views(before: Sequence[Row], after: Sequence[Row], limit: int) -> ViewDiff[Row]:
    """Return the diff of two views of one board, its changes in order of the new ranks.

    A view is the first `limit` of the rows; those behind it only say where they who come into view
    were before. A row counts as changed when it was not in view, or any of its fields differs, the
    rank included: a client that applies the diff to the view before has exactly the one after.
    """
    seen = {standing.user_id: standing for standing in before[:limit]}
    behind = {standing.user_id: standing.rank for standing in before[limit:]}
    changes = []
    for standing in after[:limit]:
        previous = seen.pop(standing.user_id, None)
        if previous != standing:
            rank = previous.rank if previous else behind.get(standing.user_id)
            changes.append(ChangedStanding(standing, rank))
    return ViewDiff(changes=tuple(changes), removed=tuple(seen))
