"""Scores and statistics made of the ledger again; pure. Called by `replaying.py`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.actions.effects import Score, next_reached_seq
from domain.rankings.model import CountedAction
from domain.store.postgres.rankings.ledger.stored_rows import StoredScore

NOTHING = Score(0, None)


@dataclass(slots=True)
class MadeScore:
    """What a player's actions so far come to; who is withheld, by a ban, has no rank for it."""

    score: Score = NOTHING
    actions: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    is_withheld: bool = False

    def watch(self, actions: Iterable[CountedAction]) -> Iterator[CountedAction]:
        """Yield the actions, and add each."""
        for action in actions:
            reached = next_reached_seq(self.score, score=action.score, action_no=action.action_no)
            self.score = Score(self.score.score + action.score, reached)
            self.actions += 1
            at = action.accepted_at
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)
            yield action

    @property
    def line(self) -> list[Any] | None:
        """The row as it is hashed and shown; None for a player without actions."""
        if not self.actions:
            return None
        return [*self.score, self.actions, _text(self.first_at), _text(self.last_at)]


def stored_line(row: StoredScore) -> list[Any]:
    """Return a stored row as it is hashed and shown."""
    return [row.score, row.reached_seq, row.actions, _text(row.first_at), _text(row.last_at)]


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
