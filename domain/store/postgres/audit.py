"""SQL of the audit log and its head; entries are added and never changed."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from domain.audit.hash_chain import AuditEntry, Transition
from domain.store.postgres.actions.batches import Batch
from domain.store.postgres.statements import prepared, sql


def lock_head(connection: Connection) -> tuple[int, bytes]:
    """Lock the head of the hash chain until the transaction ends; return its seq and hash."""
    seq, digest = connection.execute(
        prepared("SELECT seq, hash FROM audit_head WHERE head_id = 1 FOR NO KEY UPDATE")
    ).one()
    return seq, bytes(digest)


def read_head(connection: Connection) -> tuple[int, bytes]:
    """Return the seq and hash of the head of the hash chain, without a lock."""
    seq, digest = connection.execute(
        prepared("SELECT seq, hash FROM audit_head WHERE head_id = 1")
    ).one()
    return seq, bytes(digest)


def list_unrecorded_transitions(connection: Connection, *, batch: Batch) -> list[Transition]:
    """Return the batch's final transitions that have no entry, in order of action_no."""
    rows = connection.execute(
        prepared(
            "SELECT CAST(a.action_id AS text), a.version, a.action_no, CAST(a.user_id AS text),"
            " a.status, a.reason, a.score_delta, a.previous_score, a.new_score,"
            " a.created_at, a.completed_at FROM user_actions a"
            " WHERE a.batch_id = :batch_id AND a.created_at = :created_at"
            " AND a.status <> 'pending' AND NOT EXISTS (SELECT 1 FROM audit_log l"
            "   WHERE l.action_id = a.action_id AND l.action_version = a.version)"
            " ORDER BY a.action_no"
        ),
        {"batch_id": batch.batch_id, "created_at": batch.created_at},
    )
    return [Transition(*row) for row in rows]


def insert_entries(connection: Connection, *, entries: Sequence[AuditEntry]) -> None:
    """Append the entries and move the head, whose lock is held."""
    connection.execute(
        prepared(
            "WITH appended AS ("
            "   INSERT INTO audit_log (seq, action_id, action_version, entry, hash)"
            "   SELECT s, i, v, e, decode(h, 'hex') FROM unnest(CAST(:seqs AS bigint[]),"
            "   CAST(:ids AS uuid[]), CAST(:versions AS integer[]), CAST(:entries AS text[]),"
            "   CAST(:hashes AS text[])) AS t(s, i, v, e, h))"
            " UPDATE audit_head SET seq = :seq, hash = :hash WHERE head_id = 1"
        ),
        {
            "seqs": [entry.seq for entry in entries],
            "ids": [entry.action_id for entry in entries],
            "versions": [entry.action_version for entry in entries],
            "entries": [entry.entry for entry in entries],
            "hashes": [entry.hash.hex() for entry in entries],
            "seq": entries[-1].seq,
            "hash": entries[-1].hash,
        },
    )


def iterate_entries(connection: Connection, *, chunk: int = 5000) -> Iterator[AuditEntry]:
    """Yield every entry in order of seq, reading `chunk` rows at a time."""
    last = 0
    while True:
        rows = connection.execute(
            sql(
                "SELECT seq, CAST(action_id AS text) AS action_id, action_version, entry, hash"
                " FROM audit_log"
                " WHERE seq > :last ORDER BY seq LIMIT :chunk"
            ),
            {"last": last, "chunk": chunk},
        ).all()
        for row in rows:
            yield AuditEntry(row.seq, row.action_id, row.action_version, row.entry, bytes(row.hash))
        if len(rows) < chunk:
            return
        last = rows[-1].seq
