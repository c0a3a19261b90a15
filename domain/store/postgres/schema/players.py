"""Players: who they are, and their scores on the global board."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.store.postgres.schema.base import at_column, metadata

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("username", String(64), nullable=False),
    # The name in NFKC, case-folded: names are unique in this form.
    Column("username_key", String(200), nullable=False, unique=True),
    # The form that names share which look alike (UTS 39). NULL in rows that others inserted: such a
    # name is compared by its key alone.
    Column("username_skeleton", Text, unique=True),
    Column("password_hash", Text),
    # The claim of a token that was looked at last, and when the name last changed.
    Column("claimed_name", String(64)),
    at_column("renamed_at", nullable=True),
    # What a game knows of its player, a country for instance: a JSON object of texts. Boards may be
    # split by one of them.
    Column("attributes", JSONB),
    # Their changes: by name [[moment, text or null], ...]. Of them rows can be made again.
    Column("attribute_history", JSONB),
    at_column("created_at", default_now=True),
    # By which moderators look for names: their beginnings, whatever the database's collation is.
    Index(
        "ix_users_name_prefix",
        "username_key",
        postgresql_ops={"username_key": "text_pattern_ops"},
    ),
)

user_scores = Table(
    "user_scores",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    Column("score", BigInteger, nullable=False, server_default=text("0")),
    at_column("last_updated", nullable=True, default_now=True),
    at_column("created_at", nullable=True, default_now=True),
    Column("reached_seq", BigInteger),
    # The `reached_seq` of a player whom a ban keeps off every board, 0 before the first action is
    # applied; `reached_seq` is NULL then. NULL: not banned.
    Column("withheld_seq", BigInteger),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    # The statistics over the applied actions; the view `user_stats` shows them.
    Column("total_actions", Integer, nullable=False, server_default=text("0")),
    at_column("first_action", nullable=True),
    at_column("last_action", nullable=True),
    CheckConstraint("score BETWEEN 0 AND 9007199254740991", name="score_range"),
    CheckConstraint("reached_seq IS NULL OR withheld_seq IS NULL", name="on_or_off_the_board"),
)
Index(
    "ix_user_scores_ranking",
    user_scores.c.score.desc(),
    user_scores.c.reached_seq,
    user_scores.c.user_id,
    postgresql_where=user_scores.c.reached_seq.is_not(None),
)
