"""SQL of the locks of scores: whoever changes a score, or a row of a ranking, holds one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.effects import Score
from domain.store.postgres.statements import hot, sql


@dataclass(frozen=True, slots=True)
class LockedScores:
    """The locked scores by user, and of the moment after that the boards and the clock.

    `boards_revision` is the catalog's; it stays so until the transaction ends.
    """

    scores: Mapping[str, Score]
    boards_revision: int
    now: datetime
    # Those of the users who are banned: they get no row of any board.
    withheld: frozenset[str] = frozenset()


# The revision is read here: the statement that takes the catalog's lock would still see what was
# before a change for which it has waited.
_LOCK_SCORES = hot(
    "SELECT CAST(user_id AS text), score, coalesce(reached_seq, nullif(withheld_seq, 0)),"
    " withheld_seq IS NOT NULL, (SELECT revision FROM board_catalog), statement_timestamp()"
    " FROM user_scores s"
    # With its table: the name alone is that of the text, in the order of its collation.
    " WHERE user_id = ANY(CAST(:ids AS uuid[])) ORDER BY s.user_id FOR NO KEY UPDATE"
)


def lock_scores(connection: Connection, *, user_ids: Sequence[str]) -> LockedScores:
    """Lock these users' score rows in order of their ids and return them; at least one exists."""
    rows = _LOCK_SCORES.run(connection, {"ids": list(user_ids)}).fetchall()
    *_, revision, now = rows[0]
    scores = {user_id: Score(score, reached_seq) for user_id, score, reached_seq, *_ in rows}
    withheld = frozenset(user_id for user_id, _, _, is_withheld, *_ in rows if is_withheld)
    return LockedScores(scores, revision, now, withheld)


def list_lockable_players(connection: Connection, *, user_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Lock the score rows of these users that no other transaction has locked; never waits."""
    rows = connection.execute(
        sql(
            "SELECT user_id FROM user_scores WHERE user_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED"
        ),
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return frozenset(rows.scalars())
