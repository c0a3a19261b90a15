"""SQL of the rows of rankings, for the links of the chain: read, written and read again.

Whoever writes a player's rows holds the lock of the player's row in user_scores.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from domain.rankings.model import Tally
from domain.store.postgres.statements import hot

RowKey = tuple[int, str]
"""A ranking's number and a user's id."""


class Stamp(NamedTuple):
    """The version of a batch's rows and the time of their change, also in ms since 1970."""

    version: int
    at: datetime
    updated_ms: int


class WrittenRow(NamedTuple):
    """A row to be written: whose, what it is worth, and the sort key in hexadecimal digits."""

    ranking_no: int
    user_id: str
    tally: Tally
    member: str


class BatchRankingRow(NamedTuple):
    """A row as *refresh* writes it to Redis: its key in hex, its time in ms since 1970."""

    ranking_no: int
    user_id: str
    member: str
    version: int
    updated_ms: int


TALLY_COLUMNS = "r.value, r.columns, r.reached_seq, r.is_moved, r.counted"
# Row by row, by the primary key: a plan is kept, and one that was made while the table was small
# would read whole rankings. OFFSET 0 leaves no other way.
_READ_ROWS = hot(
    f"SELECT k.number, {TALLY_COLUMNS}, CAST(r.attempts AS text)"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[])) WITH ORDINALITY"
    "   AS k(ranking_no, user_id, number)"
    " CROSS JOIN LATERAL (SELECT * FROM ranking_rows s WHERE s.ranking_no = k.ranking_no"
    "   AND s.user_id = k.user_id OFFSET 0) r"
)


def read_rows(connection: Connection, *, keys: Sequence[RowKey]) -> dict[RowKey, Tally]:
    """Return the tallies of these rows, by ranking and user; rows that do not exist are absent."""
    rows = _READ_ROWS.run(
        connection,
        {"rankings": [number for number, _ in keys], "users": [user for _, user in keys]},
    ).fetchall()
    return {
        keys[number - 1]: Tally(
            value,
            () if columns is None else tuple(columns),
            reached_seq,
            is_moved,
            counted,
            attempts if attempts is None else decode_attempts(attempts),
        )
        for number, value, columns, reached_seq, is_moved, counted, attempts in rows
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


_STAMP = hot(
    "SELECT nextval('ranking_version_seq'), statement_timestamp(),"
    " CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS bigint)"
)


def draw_stamp(connection: Connection) -> Stamp:
    """Return what the rows of one batch are written with; after the players' locks are taken."""
    return Stamp(*_STAMP.run(connection, {}).fetchone())


_ROWS = (
    "SELECT ranking_no, user_id, value, CAST(columns AS bigint[]) AS columns, reached_seq,"
    "   is_moved, counted, CAST(attempts AS jsonb) AS attempts,"
    "   CAST(:version AS bigint) AS version, decode(sort_key, 'hex') AS sort_key,"
    "   CAST(:at AS timestamptz) AS last_updated"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:users AS uuid[]), CAST(:values AS bigint[]),"
    "   CAST(:columns AS text[]), CAST(:reached AS bigint[]), CAST(:moved AS boolean[]),"
    "   CAST(:counted AS integer[]), CAST(:attempts AS text[]), CAST(:keys AS text[]))"
    "   AS t(ranking_no, user_id, value, columns, reached_seq, is_moved, counted, attempts,"
    "     sort_key)"
)
_COLUMNS = (
    *("value", "columns", "reached_seq", "is_moved", "counted", "attempts", "version"),
    *("sort_key", "last_updated"),
)
_INSERT_ROWS = hot(
    f"INSERT INTO ranking_rows (ranking_no, user_id, {', '.join(_COLUMNS)}) {_ROWS}"
    " ON CONFLICT (ranking_no, user_id) DO NOTHING"
)
# By far the cheaper way for a row that is there: `ON CONFLICT` locks it before it is changed.
_CHANGE_ROWS = hot(
    f"UPDATE ranking_rows r SET {', '.join(f'{name} = t.{name}' for name in _COLUMNS)}"
    f" FROM ({_ROWS}) t WHERE r.ranking_no = t.ranking_no AND r.user_id = t.user_id"
)


def insert_ranking_rows(connection: Connection, *, rows: Sequence[WrittenRow], stamp: Stamp) -> int:
    """Insert those of these rows that do not exist; return how many."""
    inserted: int = _INSERT_ROWS.run(connection, _parameters(rows, stamp)).rowcount
    return inserted


def change_ranking_rows(connection: Connection, *, rows: Sequence[WrittenRow], stamp: Stamp) -> int:
    """Write these rows over those that are there; return how many are."""
    changed: int = _CHANGE_ROWS.run(connection, _parameters(rows, stamp)).rowcount
    return changed


def _parameters(rows: Sequence[WrittenRow], stamp: Stamp) -> dict[str, Any]:
    tallies = [row.tally for row in rows]
    return {
        "rankings": [row.ranking_no for row in rows],
        "users": [row.user_id for row in rows],
        "keys": [row.member for row in rows],
        "attempts": [encode_attempts(tally.attempts) for tally in tallies],
        "version": stamp.version,
        "at": stamp.at,
        **tally_arrays(tallies),
    }


_BATCH_ROWS = hot(
    "SELECT r.ranking_no, CAST(r.user_id AS text), encode(r.sort_key, 'hex'), r.version,"
    " CAST(floor(extract(epoch FROM r.last_updated) * 1000) AS bigint)"
    " FROM unnest(CAST(:rankings AS bigint[])) AS n(ranking_no)"
    " CROSS JOIN unnest(CAST(:users AS uuid[])) AS u(user_id)"
    " CROSS JOIN LATERAL (SELECT * FROM ranking_rows s WHERE s.ranking_no = n.ranking_no"
    " AND s.user_id = u.user_id OFFSET 0) r"
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
