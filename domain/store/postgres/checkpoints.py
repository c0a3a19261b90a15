"""SQL of checkpoints: signed roots of the audit log's tree, which are added and never changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert

from domain.audit.checkpoints import StoredCheckpoint
from domain.audit.hash_chain import AuditEntry
from domain.store.postgres.statements import sql
from domain.store.postgres.tables import audit_checkpoints

CHUNK_CHECKPOINTS = 1_000

_COLUMNS = "size, note, subtrees, signed_at"


def find_last_checkpoint(connection: Connection) -> StoredCheckpoint | None:
    """Return the checkpoint of the most entries, or None when there is none."""
    row = connection.execute(
        sql(f"SELECT {_COLUMNS} FROM audit_checkpoints ORDER BY size DESC LIMIT 1")
    ).one_or_none()
    return None if row is None else _read(row)


def find_checkpoint(connection: Connection, *, size: int) -> StoredCheckpoint | None:
    """Return the checkpoint of this many entries, or None."""
    row = connection.execute(
        sql(f"SELECT {_COLUMNS} FROM audit_checkpoints WHERE size = :size"), {"size": size}
    ).one_or_none()
    return None if row is None else _read(row)


def list_checkpoints(
    connection: Connection, *, after: int, limit: int = CHUNK_CHECKPOINTS
) -> Sequence[StoredCheckpoint]:
    """Return the next checkpoints of more than `after` entries, in order."""
    rows = connection.execute(
        sql(
            f"SELECT {_COLUMNS} FROM audit_checkpoints"
            " WHERE size > :after ORDER BY size LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [_read(row) for row in rows]


def iterate_checkpoints(connection: Connection) -> Iterator[StoredCheckpoint]:
    """Yield every checkpoint in order of its size, reading CHUNK_CHECKPOINTS at a time."""
    # Damage may have made a size negative.
    last = -(2**63)
    while chunk := list_checkpoints(connection, after=last):
        yield from chunk
        last = chunk[-1].size


def insert_checkpoint(connection: Connection, *, checkpoint: StoredCheckpoint) -> None:
    """Store a checkpoint; raises UnstorableDataError when there is one of its size."""
    connection.execute(
        insert(audit_checkpoints).values(
            size=checkpoint.size,
            note=checkpoint.note,
            subtrees=checkpoint.subtrees,
            signed_at=checkpoint.signed_at,
        )
    )


def list_entries_to_sign(connection: Connection, *, after: int, limit: int) -> Sequence[AuditEntry]:
    """Return the next entries behind number `after`, in order and without their transitions."""
    rows = connection.execute(
        sql(
            "SELECT seq, CAST(batch_id AS text), entry, hash FROM audit_log"
            " WHERE seq > :after ORDER BY seq LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [AuditEntry(seq, batch, entry, bytes(digest), "") for seq, batch, entry, digest in rows]


def iterate_texts(connection: Connection, *, chunk: int = 10_000) -> Iterator[str]:
    """Yield the text of every entry in order, reading `chunk` rows at a time."""
    last = -(2**63)
    while True:
        rows = connection.execute(
            sql("SELECT seq, entry FROM audit_log WHERE seq > :last ORDER BY seq LIMIT :chunk"),
            {"last": last, "chunk": chunk},
        ).all()
        for _, entry in rows:
            yield entry
        if len(rows) < chunk:
            return
        last = rows[-1].seq


def _read(row: Row[Any]) -> StoredCheckpoint:
    return StoredCheckpoint(row.size, row.note, bytes(row.subtrees), row.signed_at)
