"""SQL that writes the rows of rankings as the ledger says they are, over what is there.

Called by `domain/rankings/ledger`, in a transaction that has locked the scores of the players.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from domain.rankings.model import Tally
from domain.store.postgres.rankings.rows import encode_attempts, tally_arrays
from domain.store.postgres.statements import sql


class BuiltRow(NamedTuple):
    """A player's row, and when the action that decided it was accepted."""

    ranking_no: int
    user_id: str
    tally: Tally
    sort_key: bytes
    reached_at: datetime


# Not as scoring writes them: readers would see that every row of a board has just been updated.
_UPSERT = """
INSERT INTO ranking_rows (ranking_no, user_id, value, columns, reached_seq, is_moved, counted,
    attempts, version, sort_key, last_updated)
SELECT ranking_no, user_id, value, CAST(columns AS bigint[]), reached_seq, is_moved, counted,
    CAST(attempts AS jsonb), nextval('ranking_version_seq'), decode(sort_key, 'hex'), reached_at
FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[]), CAST(:values AS bigint[]),
    CAST(:columns AS text[]), CAST(:reached AS bigint[]), CAST(:moved AS boolean[]),
    CAST(:counted AS integer[]), CAST(:attempts AS text[]), CAST(:keys AS text[]),
    CAST(:times AS timestamptz[])) AS t(ranking_no, user_id, value, columns, reached_seq, is_moved,
    counted, attempts, sort_key, reached_at)
ON CONFLICT (ranking_no, user_id) DO UPDATE SET value = excluded.value, columns = excluded.columns,
    reached_seq = excluded.reached_seq, is_moved = excluded.is_moved, counted = excluded.counted,
    attempts = excluded.attempts, version = excluded.version, sort_key = excluded.sort_key,
    last_updated = excluded.last_updated
"""


def write_built_rows(connection: Connection, *, rows: Sequence[BuiltRow]) -> None:
    """Write these rows over those that are there, each with a new version."""
    if not rows:
        return
    tallies = [row.tally for row in rows]
    connection.execute(
        sql(_UPSERT),
        {
            "rankings": [row.ranking_no for row in rows],
            "users": [row.user_id for row in rows],
            "attempts": [encode_attempts(tally.attempts) for tally in tallies],
            "keys": [row.sort_key.hex() for row in rows],
            "times": [row.reached_at for row in rows],
            **tally_arrays(tallies),
        },
    )


def clear_buckets(
    connection: Connection, *, ranking_nos: Sequence[int], user_ids: Sequence[str]
) -> None:
    """Delete all that these players have in these rolling rankings, before it is written again."""
    connection.execute(
        sql(
            "DELETE FROM ranking_buckets WHERE ranking_no = ANY(CAST(:rankings AS bigint[]))"
            " AND user_id = ANY(CAST(:users AS uuid[]))"
        ),
        {"rankings": list(ranking_nos), "users": list(user_ids)},
    )
