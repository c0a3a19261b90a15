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

from domain.store.postgres.schema.base import metadata

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
