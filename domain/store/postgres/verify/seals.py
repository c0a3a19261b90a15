"""SQL that lists the seals of closed rankings, and those that the audit log has.

Called by `domain/verification`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from domain.rankings.closing.sealing import Digest, Seal


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A seal, and of which ranking; the rows of a removed one are gone."""

    seal: Seal
    board: str
    period_key: str
    segment: str
    is_removed: bool


_SEALS = """
SELECT s.ranking_no, s.revision, s.row_count, s.sha256, s.sealed_at, v.board_id, r.period_key,
    r.segment, r.removed_at IS NOT NULL AS is_removed
FROM ranking_seals s JOIN rankings r USING (ranking_no) JOIN board_versions v USING (version_no)
ORDER BY s.ranking_no, s.revision
"""
# A seal that is being made is one revision ahead.
_MISCOUNTED = """
SELECT r.ranking_no, r.revision, r.sealed_revision,
    (SELECT coalesce(max(s.revision), 0) FROM ranking_seals s WHERE s.ranking_no = r.ranking_no)
        AS last,
    (SELECT count(*) FROM ranking_seals s WHERE s.ranking_no = r.ranking_no) AS seals
FROM rankings r
WHERE r.revision > 0
"""


def iterate_seals(connection: Connection) -> Iterator[StoredSeal]:
    """Yield every seal, by ranking and revision."""
    for row in connection.execute(text(_SEALS)).all():
        digest = Digest(row.row_count, bytes(row.sha256))
        yield StoredSeal(
            Seal(row.ranking_no, row.revision, digest, row.sealed_at),
            row.board_id,
            row.period_key,
            row.segment,
            row.is_removed,
        )


def list_recorded_seals(connection: Connection) -> dict[UUID, tuple[int, str]]:
    """Return the number and the text of each entry of the audit log that is a seal's, by its id."""
    rows = connection.execute(
        text("SELECT batch_id, seq, entry FROM audit_log WHERE strpos(entry, '\"sealId\"') > 0")
    )
    return {row.batch_id: (row.seq, row.entry) for row in rows}


def list_miscounted(connection: Connection) -> Iterator[tuple[int, str]]:
    """Yield rankings whose revisions and seals are not counted alike."""
    for row in connection.execute(text(_MISCOUNTED)):
        is_right = (
            row.last == row.seals == row.sealed_revision
            and row.sealed_revision <= row.revision <= row.sealed_revision + 1
        )
        if not is_right:
            yield (
                row.ranking_no,
                f"is at revision {row.revision}, sealed up to {row.sealed_revision},"
                f" and has {row.seals} seals up to {row.last}",
            )
