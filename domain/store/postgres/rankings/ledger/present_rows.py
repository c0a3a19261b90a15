"""SQL of the rows of now as histories use them: how many are ahead of a place, and whose.

Called by `domain/rankings/history`. The board `global` has its rows in `user_scores`.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.definition import BoardDefinition
from domain.rankings.folding import sort_key
from domain.rankings.model import Tally
from domain.store.postgres.statements import sql

# What may follow the group in a sort key.
_LAST_IN_GROUP = b"\xff" * 8


class PresentRow(NamedTuple):
    """A player's row of now."""

    tally: Tally
    key: bytes


class PresentRows(Protocol):
    """The rows of now of one ranking."""

    def count(self) -> int:
        """Return how many there are."""

    def count_ahead(self, place: bytes, user_id: UUID) -> int:
        """Return how many are ahead of a place: of a smaller key, or of equal ones of the id."""

    def find(self, user_ids: Collection[str]) -> dict[str, PresentRow]:
        """Return these players' rows; who has none is absent."""

    def list_groups(
        self, group: bytes, *, size: int, but: Collection[str], limit: int
    ) -> set[bytes]:
        """Return the groups of tied players before this one, but for those of some players."""

    def has_in_group(self, group: bytes, *, but: Collection[str]) -> bool:
        """Return whether others than these players are in a group."""


class RankingRows:
    """The rows of a ranking; those of `None` are none."""

    def __init__(self, connection: Connection, ranking_no: int | None):
        self._connection = connection
        self._number = -1 if ranking_no is None else ranking_no

    def count(self) -> int:
        return self._ask("SELECT count(*) FROM ranking_rows WHERE ranking_no = :number")

    def count_ahead(self, place: bytes, user_id: UUID) -> int:
        return self._ask(
            "SELECT count(*) FROM ranking_rows WHERE ranking_no = :number"
            " AND (sort_key, user_id) < (CAST(:place AS bytea), CAST(:user_id AS uuid))",
            place=place,
            user_id=user_id,
        )

    def find(self, user_ids: Collection[str]) -> dict[str, PresentRow]:
        rows = self._connection.execute(
            sql(
                "SELECT CAST(user_id AS text), sort_key, value, columns, reached_seq, is_moved,"
                " counted FROM ranking_rows WHERE ranking_no = :number"
                " AND user_id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"number": self._number, "ids": list(user_ids)},
        )
        return {
            user_id: PresentRow(Tally(value, tuple(columns or ()), *rest), bytes(key))
            for user_id, key, value, columns, *rest in rows
        }

    def list_groups(
        self, group: bytes, *, size: int, but: Collection[str], limit: int
    ) -> set[bytes]:
        rows = self._connection.execute(
            sql(
                "SELECT DISTINCT substring(sort_key FROM 1 FOR :size) FROM ranking_rows"
                " WHERE ranking_no = :number AND sort_key < CAST(:place AS bytea)"
                " AND user_id <> ALL(CAST(:ids AS uuid[])) LIMIT :limit"
            ),
            {
                "number": self._number,
                "size": size,
                "place": group,
                "ids": list(but),
                "limit": limit,
            },
        )
        return set(map(bytes, rows.scalars()))

    def has_in_group(self, group: bytes, *, but: Collection[str]) -> bool:
        return bool(
            self._ask(
                "SELECT EXISTS (SELECT FROM ranking_rows WHERE ranking_no = :number"
                " AND sort_key >= CAST(:place AS bytea) AND sort_key <= CAST(:end AS bytea)"
                " AND user_id <> ALL(CAST(:ids AS uuid[])))",
                place=group,
                end=group + _LAST_IN_GROUP,
                ids=list(but),
            )
        )

    def _ask(self, statement: str, **parameters: object) -> int:
        asked = self._connection.execute(sql(statement), {"number": self._number, **parameters})
        return int(asked.scalar_one())


class ScoreRows:
    """The rows of the board `global`; `definition` is what it would be, were it data."""

    def __init__(self, connection: Connection, definition: BoardDefinition):
        self._connection = connection
        self._definition = definition

    def count(self) -> int:
        return self._ask("SELECT count(*) FROM user_scores WHERE reached_seq IS NOT NULL")

    def count_ahead(self, place: bytes, user_id: UUID) -> int:
        return self._ask(
            "SELECT count(*) FROM user_scores WHERE reached_seq IS NOT NULL AND score >= :score"
            " AND (score > :score OR (reached_seq, user_id) < (:reached, CAST(:user_id AS uuid)))",
            score=_read_score(place),
            reached=int.from_bytes(place[8:16], "big"),
            user_id=user_id,
        )

    def find(self, user_ids: Collection[str]) -> dict[str, PresentRow]:
        rows = self._connection.execute(
            sql(
                "SELECT CAST(user_id AS text), score, reached_seq, total_actions FROM user_scores"
                " WHERE reached_seq IS NOT NULL AND user_id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": list(user_ids)},
        )
        found = {}
        for user_id, score, reached, actions in rows:
            tally = Tally(score, (), reached, score != 0, actions)
            found[user_id] = PresentRow(tally, sort_key(self._definition, tally))
        return found

    def list_groups(
        self, group: bytes, *, size: int, but: Collection[str], limit: int
    ) -> set[bytes]:
        raise LookupError("the board global does not rank densely")

    def has_in_group(self, group: bytes, *, but: Collection[str]) -> bool:
        return bool(
            self._ask(
                "SELECT EXISTS (SELECT FROM user_scores WHERE reached_seq IS NOT NULL"
                " AND score = :score AND user_id <> ALL(CAST(:ids AS uuid[])))",
                score=_read_score(group),
                ids=list(but),
            )
        )

    def _ask(self, statement: str, **parameters: object) -> int:
        return int(self._connection.execute(sql(statement), parameters).scalar_one())


def _read_score(place: bytes) -> int:
    """Return the score of a place: eight bytes of the largest first."""
    return 2**63 - 1 - int.from_bytes(place[:8], "big")
