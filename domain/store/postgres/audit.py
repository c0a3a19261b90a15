"""SQL of the audit log and its head; entries are added and never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import AUDIT
from domain.audit.hash_chain import GENESIS, AuditEntry, Head, Transition
from domain.store.postgres.actions.batches import MOVE, move_parameters
from domain.store.postgres.actions.entries import ENTRY_COLUMNS, decode_outcomes
from domain.store.postgres.statements import hot, prepared, sql

# Entries of some 60 KB at most, with all their transitions.
CHUNK_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class ClaimedTransitions:
    """The transitions of a batch that is being audited, in order of action_no.

    The head of the chain is locked until the transaction ends.
    """

    accepted_at: datetime
    completed_at: datetime
    transitions: Sequence[Transition]
    head: Head


# The head is looked up when the batch is claimed, so that a batch that others have never locks it.
_CLAIM = hot(
    f"WITH moved AS ({MOVE} RETURNING created_at, scored_at, outcomes, {ENTRY_COLUMNS}),"
    " head AS (SELECT seq, hash FROM audit_head"
    "   WHERE head_id = (SELECT count(*) FROM moved) FOR NO KEY UPDATE)"
    " SELECT * FROM moved CROSS JOIN head"
)
# A batch whose stage was put back has its entry.
_INSERT = hot(
    "WITH appended AS ("
    "   INSERT INTO audit_log (seq, batch_id, entry, hash, leaves)"
    "   VALUES (:seq, CAST(:batch_id AS uuid), :entry, :hash, :leaves)"
    "   ON CONFLICT (batch_id) DO NOTHING RETURNING seq, hash)"
    " UPDATE audit_head SET seq = appended.seq, hash = appended.hash"
    " FROM appended WHERE head_id = 1"
)
_COLUMNS = "l.seq, CAST(l.batch_id AS text), l.entry, l.hash, l.leaves"


def claim_transitions(connection: Connection, *, batch_id: UUID) -> ClaimedTransitions | None:
    """Move a batch past *audit* and return its transitions; None when it is not its turn."""
    row = _CLAIM.run(connection, move_parameters(batch_id, AUDIT)).fetchone()
    if row is None:
        return None
    accepted_at, completed_at, outcomes, numbers, ids, users, scores, seq, digest = row
    transitions = [
        (number, action_id, user_id, score, *outcome)
        for number, action_id, user_id, score, outcome in zip(
            numbers, ids, users, scores, decode_outcomes(outcomes), strict=True
        )
    ]
    return ClaimedTransitions(accepted_at, completed_at, transitions, Head(seq, bytes(digest)))


def lock_head(connection: Connection) -> Head:
    """Return the head of the chain, locked until the transaction ends."""
    seq, digest = connection.execute(
        sql("SELECT seq, hash FROM audit_head WHERE head_id = 1 FOR NO KEY UPDATE")
    ).one()
    return Head(seq, bytes(digest))


def insert_entry(connection: Connection, *, entry: AuditEntry) -> None:
    """Append the entry and move the head, whose lock is held; nothing if it is there already."""
    _INSERT.run(
        connection,
        {
            "seq": entry.seq,
            "batch_id": entry.batch_id,
            "entry": entry.entry,
            "hash": entry.hash,
            "leaves": entry.leaves,
        },
    )


def read_head(connection: Connection) -> Head:
    """Return the head of the hash chain, without a lock."""
    seq, digest = connection.execute(
        prepared("SELECT seq, hash FROM audit_head WHERE head_id = 1")
    ).one()
    return Head(seq, bytes(digest))


def iterate_entries(connection: Connection, *, chunk: int = CHUNK_ENTRIES) -> Iterator[AuditEntry]:
    """Yield every entry in order of seq, reading `chunk` rows at a time."""
    # Damage may have made a number negative.
    last = -(2**63)
    while True:
        rows = connection.execute(
            sql(
                f"SELECT {_COLUMNS} FROM audit_log l"
                " WHERE l.seq > :last ORDER BY l.seq LIMIT :chunk"
            ),
            {"last": last, "chunk": chunk},
        ).all()
        for seq, batch_id, entry, digest, leaves in rows:
            yield AuditEntry(seq, batch_id, entry, bytes(digest), leaves)
        if len(rows) < chunk:
            return
        last = rows[-1].seq


def find_last_entry(connection: Connection, *, action_id: UUID) -> tuple[AuditEntry, bytes] | None:
    """Return the last entry with a transition of this action, and the hash before it.

    Found through the action's row; that of an archived action by reading the whole log.
    """
    row = connection.execute(
        sql(
            f"SELECT {_COLUMNS}, p.hash AS previous FROM audit_log l"
            " LEFT JOIN audit_log p ON p.seq = l.seq - 1"
            " WHERE l.seq = coalesce((SELECT m.seq FROM action_ids i"
            "   JOIN user_actions a ON a.user_id = i.user_id AND a.action_no = i.action_no"
            "     AND a.created_at = i.created_at"
            "   JOIN audit_log m ON m.batch_id = a.batch_id WHERE i.action_id = :action_id),"
            " (SELECT max(m.seq) FROM audit_log m WHERE strpos(m.leaves, :text) > 0))"
        ),
        {"action_id": action_id, "text": f'"{action_id}"'},
    ).one_or_none()
    if row is None:
        return None
    seq, batch_id, entry, digest, leaves, previous = row
    before = GENESIS if previous is None else bytes(previous)
    return AuditEntry(seq, batch_id, entry, bytes(digest), leaves), before


def find_hash(connection: Connection, *, seq: int) -> bytes | None:
    """Return the hash of one entry."""
    digest = connection.execute(
        sql("SELECT hash FROM audit_log WHERE seq = :seq"), {"seq": seq}
    ).scalar()
    return None if digest is None else bytes(digest)
