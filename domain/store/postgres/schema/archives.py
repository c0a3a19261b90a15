"""What is kept of months that were archived."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    String,
    Table,
    Uuid,
)

from domain.store.postgres.schema.base import at_column, metadata

archived_totals = Table(
    "archived_totals",
    metadata,
    Column("user_id", Uuid, ForeignKey("user_scores.user_id"), primary_key=True),
    Column("applied_actions", BigInteger, nullable=False),
    Column("applied_score", BigInteger, nullable=False),
)

archived_partitions = Table(
    "archived_partitions",
    metadata,
    Column("partition_name", String(63), primary_key=True),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("applied_score", BigInteger, nullable=False),
    at_column("from_at"),
    at_column("until_at"),
    at_column("archived_at", default_now=True),
)
