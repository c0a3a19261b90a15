"""SQL of the audit log and its head; entries are only ever added."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from domain.audit.chain import Link, Transition
from domain.store.batches import Batch
from domain.store.statements import planned, sql


def lock_head(connection: Connection) -> tuple[int, bytes]:
    """Lock the end of the chain and return its seq and hash."""
    seq, digest = connection.execute(
        planned("SELECT seq, hash FROM audit_head WHERE head_id = 1 FOR NO KEY UPDATE")
    ).one()
    return seq, bytes(digest)


def read_head(connection: Connection) -> tuple[int, bytes]:
    """Return the seq and hash of the end of the chain."""
    seq, digest = connection.execute(
        planned("SELECT seq, hash FROM audit_head WHERE head_id = 1")
    ).one()
    return seq, bytes(digest)


def list_unrecorded_transitions(connection: Connection, *, batch: Batch) -> list[Transition]:
    """Return the batch's final transitions that have no entry, in order of action_no."""
    rows = connection.execute(
        planned(
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


def insert_links(connection: Connection, *, links: Sequence[Link]) -> None:
    """Append the links and move the head, whose lock is held."""
    connection.execute(
        planned(
            "WITH appended AS ("
            "   INSERT INTO audit_log (seq, action_id, action_version, entry, hash)"
            "   SELECT s, i, v, e, decode(h, 'hex') FROM unnest(CAST(:seqs AS bigint[]),"
            "   CAST(:ids AS uuid[]), CAST(:versions AS integer[]), CAST(:entries AS text[]),"
            "   CAST(:hashes AS text[])) AS t(s, i, v, e, h))"
            " UPDATE audit_head SET seq = :seq, hash = :hash WHERE head_id = 1"
        ),
        {
            "seqs": [link.seq for link in links],
            "ids": [link.action_id for link in links],
            "versions": [link.action_version for link in links],
            "entries": [link.entry for link in links],
            "hashes": [link.hash.hex() for link in links],
            "seq": links[-1].seq,
            "hash": links[-1].hash,
        },
    )


def iterate_links(connection: Connection, *, chunk: int = 5000) -> Iterator[Link]:
    """Yield the whole chain in order of seq, `chunk` rows at a time."""
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
            yield Link(row.seq, row.action_id, row.action_version, row.entry, bytes(row.hash))
        if len(rows) < chunk:
            return
        last = rows[-1].seq
