"""SQL of the rows of rankings, for the links of the chain: read, written and read again.

Whoever writes a player's rows holds the lock of the player's row in user_scores.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from domain.rankings.model import Tally
from domain.store.postgres.statements import hot

RowKey = tuple[int, str]
"""A ranking's number and a user's id."""


class WrittenRow(NamedTuple):
    """A row to be written: whose, what it is worth, and where that is in the order."""

    ranking_no: int
    user_id: str
    tally: Tally
    sort_key: bytes


class BatchRankingRow(NamedTuple):
    """A row as *refresh* writes it to Redis: its key in hex, its time in ms since 1970."""

    ranking_no: int
    user_id: str
    member: str
    version: int
    updated_ms: int


TALLY_COLUMNS = "r.value, r.columns, r.reached_seq, r.is_moved, r.counted"
_READ_ROWS = hot(
    f"SELECT r.ranking_no, CAST(r.user_id AS text), {TALLY_COLUMNS}, CAST(r.attempts AS text)"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[])) AS k(ranking_no, user_id)"
    " JOIN ranking_rows r USING (ranking_no, user_id)"
)


def read_rows(connection: Connection, *, keys: Collection[RowKey]) -> dict[RowKey, Tally]:
    """Return the tallies of these rows, by ranking and user; rows that do not exist are absent."""
    rows = _READ_ROWS.run(
        connection,
        {"rankings": [number for number, _ in keys], "users": [user for _, user in keys]},
    ).fetchall()
    return {
        (ranking_no, user_id): Tally(
            value, tuple(columns or ()), reached_seq, is_moved, counted, decode_attempts(attempts)
        )
        for ranking_no, user_id, value, columns, reached_seq, is_moved, counted, attempts in rows
    }


# Before a sealed ranking's row changes, what it was (nothing, for a player who had none) is kept.
_KEEP = hot(
    "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision, value, columns,"
    "   reached_seq, sort_key, last_updated)"
    " SELECT k.ranking_no, k.user_id, n.revision, r.value, r.columns, r.reached_seq, r.sort_key,"
    "   r.last_updated"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[])) AS k(ranking_no, user_id)"
    " JOIN rankings n ON n.ranking_no = k.ranking_no AND n.revision > 0"
    " LEFT JOIN ranking_rows r ON r.ranking_no = k.ranking_no AND r.user_id = k.user_id"
    " ON CONFLICT (ranking_no, user_id, until_revision) DO NOTHING"
)


def keep_revisions(connection: Connection, *, keys: Collection[RowKey]) -> None:
    """Keep these rows of sealed rankings as their last seal has them; rows of others are skipped.

    The caller holds the players' locks and the catalog's shared one, and changes the rows next.
    """
    _KEEP.run(
        connection,
        {"rankings": [number for number, _ in keys], "users": [user for _, user in keys]},
    )


_WRITE_ROWS = hot(
    "INSERT INTO ranking_rows AS r (ranking_no, user_id, value, columns, reached_seq, is_moved,"
    "   counted, attempts, version, sort_key, last_updated)"
    " SELECT ranking_no, user_id, value, CAST(columns AS bigint[]), reached_seq, is_moved, counted,"
    "   CAST(attempts AS jsonb), nextval('ranking_version_seq'), decode(sort_key, 'hex'),"
    "   statement_timestamp()"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[]), CAST(:values AS bigint[]),"
    "   CAST(:columns AS text[]), CAST(:reached AS bigint[]), CAST(:moved AS boolean[]),"
    "   CAST(:counted AS integer[]), CAST(:attempts AS text[]), CAST(:keys AS text[]))"
    "   AS t(ranking_no, user_id, value, columns, reached_seq, is_moved, counted, attempts,"
    "     sort_key)"
    " ON CONFLICT (ranking_no, user_id) DO UPDATE SET value = excluded.value,"
    "   columns = excluded.columns, reached_seq = excluded.reached_seq,"
    "   is_moved = excluded.is_moved, counted = excluded.counted, attempts = excluded.attempts,"
    "   version = excluded.version, sort_key = excluded.sort_key,"
    "   last_updated = excluded.last_updated"
)


def write_ranking_rows(connection: Connection, *, rows: Sequence[WrittenRow]) -> None:
    """Write these rows over what is there, each with a new version."""
    tallies = [row.tally for row in rows]
    _WRITE_ROWS.run(
        connection,
        {
            "rankings": [row.ranking_no for row in rows],
            "users": [row.user_id for row in rows],
            "keys": [row.sort_key.hex() for row in rows],
            "attempts": [encode_attempts(tally.attempts) for tally in tallies],
            **tally_arrays(tallies),
        },
    )


_BATCH_ROWS = hot(
    "SELECT r.ranking_no, CAST(r.user_id AS text), encode(r.sort_key, 'hex'), r.version,"
    " CAST(floor(extract(epoch FROM r.last_updated) * 1000) AS bigint) FROM ranking_rows r"
    " WHERE r.ranking_no = ANY(CAST(:rankings AS bigint[]))"
    " AND r.user_id = ANY(CAST(:users AS uuid[]))"
)


def list_batch_ranking_rows(
    connection: Connection, *, rankings: Sequence[int], user_ids: Sequence[str]
) -> list[BatchRankingRow]:
    """Return the rows that these users have in these rankings."""
    rows = _BATCH_ROWS.run(
        connection, {"rankings": list(rankings), "users": list(user_ids)}
    ).fetchall()
    return [BatchRankingRow(*row) for row in rows]


def tally_arrays(tallies: Sequence[Tally]) -> dict[str, list[Any]]:
    """Return the parameters of a statement that writes these tallies, one array for each column."""
    return {
        "values": [tally.value for tally in tallies],
        # An array of arrays would need rows of one length; each becomes an array's text.
        "columns": [
            "{" + ",".join(map(str, tally.columns)) + "}" if tally.columns else None
            for tally in tallies
        ],
        "reached": [tally.reached_seq for tally in tallies],
        "moved": [tally.is_moved for tally in tallies],
        "counted": [tally.counted for tally in tallies],
    }


def encode_attempts(attempts: tuple[tuple[Any, ...], ...] | None) -> str | None:
    """Return the attempts as the JSON that is stored; None on a board without a limit."""
    return None if attempts is None else orjson.dumps(attempts).decode()


def decode_attempts(text: str | None) -> tuple[tuple[Any, ...], ...] | None:
    """Return the attempts in the stored JSON."""
    if text is None:
        return None
    return tuple((number, value, tuple(columns)) for number, value, columns in orjson.loads(text))
