"""The audit log, and the end of its hash chain."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from domain.store.postgres.schema.base import at_column, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", Uuid, nullable=False, unique=True),
    # Canonical JSON, kept as text because the hash is over its exact bytes.
    Column("entry", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    # The transitions that the root in the entry stands for, as a JSON array.
    Column("leaves", Text, nullable=False),
)

# One row: the end of the hash chain. Its lock serialises the appends.
audit_head = Table(
    "audit_head",
    metadata,
    Column("head_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("head_id = 1", name="single"),
)

# Signed statements of what the log was: the root of the Merkle tree (RFC 9162) over its first
# `size` entries. Kept in a file outside the database as well.
audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    # The signed text, as it is in the file.
    Column("note", Text, nullable=False),
    # The roots of the full subtrees of `size` entries, 32 bytes each, the largest first: with them
    # the next checkpoint reads only the entries after this one.
    Column("subtrees", LargeBinary, nullable=False),
    at_column("signed_at"),
)
