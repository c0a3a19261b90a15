"""SQL of the rows that a replay makes of sealed rankings, in a table that no one else sees.

It is sorted by PostgreSQL, on its disk if need be, and gone with the transaction.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.closing.sealing import Digest, RevisionRow
from domain.rankings.model import Tally
from domain.store.postgres.rankings.ledger.actions import FETCHED_ROWS
from domain.store.postgres.rankings.rows import tally_arrays
from domain.store.postgres.statements import sql

_NEVER = datetime.fromtimestamp(0, UTC)


class MadeRow(NamedTuple):
    """A row of a ranking as the ledger gives it."""

    ranking_no: int
    user_id: str
    tally: Tally
    sort_key: bytes


class LastSeal(NamedTuple):
    """The last seal of a ranking that has not changed since."""

    ranking_no: int
    revision: int
    digest: Digest


def make_scratch(connection: Connection) -> None:
    """Make the table, for this transaction, which may take hours."""
    for statement in (
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL statement_timeout = '10min'",
        "CREATE TEMPORARY TABLE replayed_rows (ranking_no bigint, sort_key bytea, user_id uuid,"
        " value bigint, columns bigint[], reached_seq bigint) ON COMMIT DROP",
    ):
        connection.execute(sql(statement))


def insert_made_rows(connection: Connection, *, rows: Sequence[MadeRow]) -> None:
    """Add rows to the table."""
    connection.execute(
        sql(
            "INSERT INTO replayed_rows SELECT ranking_no, decode(sort_key, 'hex'), user_id, value,"
            " CAST(columns AS bigint[]), reached_seq FROM unnest(CAST(:rankings AS bigint[]),"
            " CAST(:keys AS text[]), CAST(:users AS uuid[]), CAST(:values AS bigint[]),"
            " CAST(:columns AS text[]), CAST(:reached AS bigint[]))"
            " AS t(ranking_no, sort_key, user_id, value, columns, reached_seq)"
        ),
        {
            "rankings": [row.ranking_no for row in rows],
            "users": [row.user_id for row in rows],
            "keys": [row.sort_key.hex() for row in rows],
            **tally_arrays([row.tally for row in rows]),
        },
    )


def iterate_made_rows(connection: Connection) -> Iterator[tuple[int, RevisionRow]]:
    """Yield the rows by ranking, each in its order."""
    rows = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        sql("SELECT * FROM replayed_rows ORDER BY ranking_no, sort_key, user_id")
    )
    for number, key, user_id, value, columns, reached in rows:
        user = user_id if isinstance(user_id, UUID) else UUID(user_id)
        row = RevisionRow(user, value, tuple(columns or ()), reached, bytes(key), _NEVER)
        yield number, row


def list_last_seals(connection: Connection, *, ranking_nos: Sequence[int]) -> list[LastSeal]:
    """Return the last seals of those of these rankings for which no further revision is due."""
    rows = connection.execute(
        sql(
            "SELECT s.ranking_no, s.revision, s.row_count, s.sha256 FROM rankings r"
            " JOIN ranking_seals s ON s.ranking_no = r.ranking_no AND s.revision = r.revision"
            " WHERE r.ranking_no = ANY(CAST(:numbers AS bigint[])) AND r.removed_at IS NULL"
            " AND NOT EXISTS (SELECT FROM ranking_row_revisions k"
            "   WHERE k.ranking_no = r.ranking_no AND k.until_revision = r.revision)"
            " ORDER BY s.ranking_no"
        ),
        {"numbers": list(ranking_nos)},
    )
    return [
        LastSeal(number, revision, Digest(count, bytes(sha256)))
        for number, revision, count, sha256 in rows
    ]
