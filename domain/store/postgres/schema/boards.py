"""Boards that are data: their versions, and who has joined."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.store.postgres.schema.base import at_column, metadata

# A board; its definition is that of its live version. Every change of a row of these two tables
# raises the number in `board_catalog`, by which each process knows that what it keeps is old.
boards = Table(
    "boards",
    metadata,
    Column("board_id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    # NULL until the first version has been built.
    Column("live_version_no", BigInteger),
    # For ETag: grows with every change.
    Column("revision", Integer, nullable=False, server_default=text("1")),
    at_column("created_at", default_now=True),
    at_column("updated_at", default_now=True),
)

board_versions = Table(
    "board_versions",
    metadata,
    Column("version_no", BigInteger, primary_key=True, autoincrement=True),
    Column("board_id", String(32), ForeignKey("boards.board_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("state", String(16), nullable=False),
    # While it is being built: the last player whose rows are there, and how far that is.
    Column("built_until", Uuid),
    Column("built_players", BigInteger, nullable=False, server_default=text("0")),
    Column("total_players", BigInteger),
    # Why it does not go on, for the admin: a file of an archive that is missing, for instance.
    Column("build_error", Text),
    at_column("created_at", default_now=True),
    at_column("live_at", nullable=True),
    UniqueConstraint("board_id", "version"),
)

# One row. Scoring reads it with each batch.
board_catalog = Table(
    "board_catalog",
    metadata,
    Column("catalog_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("catalog_id = 1", name="single"),
)

board_members = Table(
    "board_members",
    metadata,
    Column("board_id", String(32), ForeignKey("boards.board_id"), primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    at_column("joined_at", default_now=True),
    Index("ix_board_members_user_id", "user_id"),
)
