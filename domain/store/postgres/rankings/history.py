"""SQL of the past: who has changed since a moment, and how many rows of now are ahead of a place.

Called by `domain/rankings/history`. The board `global` has its rows in `user_scores`.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.definition import BoardDefinition
from domain.rankings.folding import sort_key
from domain.rankings.model import CountedAction, PlayerFacts, Tally
from domain.store.postgres.rankings.ledger.actions import Span
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


_WITHIN = (
    "a.status = 'applied'"
    " AND (CAST(:types AS text[]) IS NULL OR a.action_type = ANY(CAST(:types AS text[])))"
    " AND (CAST(:since AS timestamptz) IS NULL OR a.created_at >= CAST(:since AS timestamptz))"
    " AND (CAST(:until AS timestamptz) IS NULL OR a.created_at < CAST(:until AS timestamptz))"
)


def list_players_of(
    connection: Connection, *, span: Span, action_types: Sequence[str], limit: int
) -> list[str]:
    """Return whose the first `limit` applied actions of the span are, each as often as it has one.

    Those of archived months are not there.
    """
    rows = connection.execute(
        sql(f"SELECT CAST(a.user_id AS text) FROM user_actions a WHERE {_WITHIN} LIMIT :limit"),
        {"types": list(action_types) or None, "limit": limit, **span._asdict()},
    )
    return list(rows.scalars())


def list_actions_of(
    connection: Connection,
    *,
    user_ids: Collection[str] | None,
    span: Span,
    action_types: Sequence[str],
    with_metadata: bool,
    limit: int,
) -> list[CountedAction]:
    """Return the first `limit` applied actions of these players, or of all, in the span.

    By player and number. Those of archived months are not there.
    """
    rows = connection.execute(
        sql(
            "SELECT a.action_no, CAST(a.user_id AS text), a.action_type, a.score_delta,"
            " CASE WHEN :metadata THEN CAST(a.metadata AS text) END, a.created_at"
            f" FROM user_actions a WHERE {_WITHIN}"
            f"{'' if user_ids is None else ' AND a.user_id = ANY(CAST(:ids AS uuid[]))'}"
            " LIMIT :limit"
        ),
        {
            "types": list(action_types) or None,
            "ids": list(user_ids or ()),
            "metadata": with_metadata,
            "limit": limit,
            **span._asdict(),
        },
    )
    actions = [CountedAction(*row) for row in rows]
    return sorted(actions, key=lambda action: (action.user_id, action.action_no))


def find_facts(connection: Connection, *, user_ids: Collection[str]) -> dict[str, PlayerFacts]:
    """Return what boards need of these players; who does not exist is absent."""
    rows = connection.execute(
        sql(
            "SELECT CAST(u.user_id AS text), u.attributes,"
            " (SELECT array_agg(m.board_id ORDER BY m.board_id) FROM board_members m"
            "   WHERE m.user_id = u.user_id),"
            " (SELECT array_agg(m.joined_at ORDER BY m.board_id) FROM board_members m"
            "   WHERE m.user_id = u.user_id)"
            " FROM users u WHERE u.user_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(user_ids)},
    )
    return {
        user_id: PlayerFacts(attributes or {}, dict(zip(boards or (), joined or (), strict=True)))
        for user_id, attributes, boards, joined in rows
    }
