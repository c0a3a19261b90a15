"""The rankings of boards, their rows, seals and rewards."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.store.postgres.schema.base import at_column, metadata

# One ordered list of players: of a version, in a period, of a segment. Every row is of `revision`,
# or was changed since; `sealed_revision` is that of the last seal in `ranking_seals`, the same or,
# while a seal is made, one less. Both are 0 until the period is over. A removed ranking has no rows
# any more and gets none.
IS_UNSEALED = (
    "period_end IS NOT NULL AND removed_at IS NULL AND (revision = 0 OR sealed_revision < revision)"
)
rankings = Table(
    "rankings",
    metadata,
    Column("ranking_no", BigInteger, primary_key=True, autoincrement=True),
    Column("version_no", BigInteger, ForeignKey("board_versions.version_no"), nullable=False),
    Column("period_key", String(32), nullable=False),
    at_column("period_start", nullable=True),
    at_column("period_end", nullable=True),
    Column("segment", String(64), nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("sealed_revision", Integer, nullable=False, server_default=text("0")),
    at_column("removed_at", nullable=True),
    at_column("created_at", default_now=True),
    UniqueConstraint("version_no", "period_key", "segment"),
    Index("ix_rankings_unsealed", "period_end", postgresql_where=text(IS_UNSEALED)),
)

# What players have in a ranking. Whoever writes a row holds the lock of its player's row in
# user_scores, and draws `version` while holding it, so that a player's later rows are larger.
ranking_version_seq = Sequence("ranking_version_seq", metadata=metadata, data_type=BigInteger)
ranking_rows = Table(
    "ranking_rows",
    metadata,
    Column("ranking_no", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", Uuid, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("columns", ARRAY(BigInteger)),
    Column("reached_seq", BigInteger, nullable=False),
    Column("is_moved", Boolean, nullable=False),
    Column("counted", Integer, nullable=False),
    # The actions that count on a board that limits them: [[number, value, [columns]], ...].
    Column("attempts", JSONB),
    Column("version", BigInteger, nullable=False),
    # Orders the ranking, the smallest first; then the user id does.
    Column("sort_key", LargeBinary, nullable=False),
    at_column("last_updated"),
    Index("ix_ranking_rows_order", "ranking_no", "sort_key", "user_id"),
)

# A rolling ranking's rows by bucket of time; `ranking_rows` has their sum.
ranking_buckets = Table(
    "ranking_buckets",
    metadata,
    Column("ranking_no", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket_at", DateTime(timezone=True), primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("columns", ARRAY(BigInteger)),
    Column("reached_seq", BigInteger, nullable=False),
    Column("is_moved", Boolean, nullable=False),
    Column("counted", Integer, nullable=False),
    Index("ix_ranking_buckets_player", "ranking_no", "user_id"),
)

# A row as it was in every revision up to this one, kept when a sealed ranking changes; without a
# sort key the player had none.
ranking_row_revisions = Table(
    "ranking_row_revisions",
    metadata,
    Column("ranking_no", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", Uuid, primary_key=True),
    Column("until_revision", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger),
    Column("columns", ARRAY(BigInteger)),
    Column("reached_seq", BigInteger),
    Column("sort_key", LargeBinary),
    at_column("last_updated", nullable=True),
)

# A closed ranking's order: the hash of its rows, which is in the audit chain too.
ranking_seals = Table(
    "ranking_seals",
    metadata,
    Column("ranking_no", BigInteger, ForeignKey("rankings.ranking_no"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("row_count", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    at_column("sealed_at"),
)

rewards = Table(
    "rewards",
    metadata,
    Column("reward_no", BigInteger, primary_key=True, autoincrement=True),
    Column("ranking_no", BigInteger, nullable=False),
    Column("board_id", String(32), nullable=False),
    Column("period_key", String(32), nullable=False),
    Column("segment", String(64), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("rank", BigInteger, nullable=False),
    Column("reward", String(64), nullable=False),
    at_column("granted_at"),
    UniqueConstraint("ranking_no", "user_id", "reward"),
)
