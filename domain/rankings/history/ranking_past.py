"""One ranking at moments of the past: the rows of now, but for the players who have changed since.

Called by `reading.py`, which knows who that is and what each had.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.errors import HistoryTooLargeError
from domain.rankings.definition import BoardDefinition, TieRule
from domain.rankings.folding import group_size
from domain.rankings.history.past import UNKNOWN_REACHED, PlayerPast
from domain.rankings.model import Tally
from domain.store.postgres.rankings.ledger.present_rows import PresentRow, PresentRows

MAX_GROUPS = 200_000
_BEFORE_ALL = UUID(int=0)


class PastStanding(NamedTuple):
    """Where a player stood; without a tally nowhere, and without a period there was none."""

    at: datetime
    period_key: str | None
    rank: int | None
    tally: Tally | None
    total: int


class RankingPast:
    """The ranking at one moment after the other, forward only."""

    def __init__(
        self,
        definition: BoardDefinition,
        rows: PresentRows,
        *,
        changed: Mapping[str, PlayerPast],
        now: Mapping[str, PresentRow],
    ):
        """`now` has the rows of now of those who have changed, and of the player asked for."""
        self._definition = definition
        self._rows = rows
        self._changed = changed
        self._now = now
        self._group_bytes = group_size(definition)
        self._order_of_now = sorted((now[user].key, user) for user in changed if user in now)
        self._unchanged_total = rows.count() - len(self._order_of_now)
        self._ahead: dict[tuple[bytes, str], int] = {}

    def stand(self, user_id: str, *, at: datetime, period_key: str) -> PastStanding:
        """Return where the player stood at a moment, which is not before the last one.

        Raises HistoryTooLargeError where only archives know who of two players was ahead.
        """
        for past in self._changed.values():
            past.advance(at)
        keys = {user: past.key for user, past in self._changed.items() if past.key is not None}
        total = self._unchanged_total + len(keys)
        own = self._changed.get(user_id)
        tally, key = (own.tally, own.key) if own else self._present(user_id)
        if tally is None or key is None:
            return PastStanding(at, period_key, None, None, total)
        if self._definition.ties is TieRule.FIRST_TO_REACH:
            self._check_ties(user_id, tally, key, keys)
        return PastStanding(at, period_key, self._rank(user_id, key, keys), tally, total)

    def _present(self, user_id: str) -> tuple[Tally | None, bytes | None]:
        row = self._now.get(user_id)
        return (row.tally, row.key) if row else (None, None)

    def _rank(self, user_id: str, key: bytes, keys: Mapping[str, bytes]) -> int:
        if self._definition.ties is TieRule.FIRST_TO_REACH:
            place = key, user_id
        else:
            place = key[: self._group_bytes], str(_BEFORE_ALL)
        if self._definition.ties is TieRule.DENSE:
            return 1 + len(self._list_groups(place[0], keys))
        ahead = sum((each, user) < place for user, each in keys.items())
        return 1 + ahead + self._count_unchanged_ahead(place)

    def _count_unchanged_ahead(self, place: tuple[bytes, str]) -> int:
        if place not in self._ahead:
            ahead = self._rows.count_ahead(place[0], UUID(place[1]))
            self._ahead[place] = ahead - bisect_left(self._order_of_now, place)
        return self._ahead[place]

    def _list_groups(self, group: bytes, keys: Mapping[str, bytes]) -> set[bytes]:
        size = self._group_bytes
        groups = self._rows.list_groups(group, size=size, but=self._changed, limit=MAX_GROUPS + 1)
        if len(groups) > MAX_GROUPS:
            raise HistoryTooLargeError
        return groups | {key[:size] for key in keys.values() if key[:size] < group}

    def _check_ties(
        self, user_id: str, tally: Tally, key: bytes, keys: Mapping[str, bytes]
    ) -> None:
        group = key[: self._group_bytes]
        tied = [user for user, each in keys.items() if user != user_id and each.startswith(group)]
        if tally.reached_seq == UNKNOWN_REACHED:
            is_open = bool(tied) or self._rows.has_in_group(group, but=self._changed)
        else:
            is_open = any(self._reached(user) == UNKNOWN_REACHED for user in tied)
        if is_open:
            raise HistoryTooLargeError("Who was ahead of the other, only the archives know")

    def _reached(self, user: str) -> int | None:
        tally = self._changed[user].tally
        return tally and tally.reached_seq
