"""Moderation: cases, what moderators did, bans, and players' appeals."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.store.postgres.schema.base import at_column, metadata

# What is to be decided of one player. Opened by *score* when it holds an action, and by an appeal.
moderation_cases = Table(
    "moderation_cases",
    metadata,
    Column("case_id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False),
    Column("state", String(16), nullable=False, server_default=text("'open'")),
    at_column("opened_at", default_now=True),
    at_column("last_signal_at", default_now=True),
    # Who decides on it, and since when; ended by time, see `domain/moderation/claims.py`.
    Column("claimed_by", String(64)),
    at_column("claimed_at", nullable=True),
    at_column("closed_at", nullable=True),
    Index("ix_moderation_cases_newest", "state", "last_signal_at", "case_id"),
    Index("ix_moderation_cases_user_id", "user_id", "last_signal_at"),
)
Index(
    "ix_moderation_cases_open",
    moderation_cases.c.user_id,
    unique=True,
    postgresql_where=text("state = 'open'"),
)

# Every act of a moderator; each is an audit entry too, which has its id and a hash of its text.
moderation_acts = Table(
    "moderation_acts",
    metadata,
    Column("act_no", BigInteger, primary_key=True, autoincrement=True),
    Column("act_id", Uuid, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("user_id", Uuid),
    Column("action_id", Uuid),
    Column("case_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("details", JSONB),
    at_column("at", default_now=True),
    Index("ix_moderation_acts_user_id", "user_id", "act_no"),
    Index("ix_moderation_acts_action_id", "action_id"),
)

bans = Table(
    "bans",
    metadata,
    Column("ban_no", BigInteger, primary_key=True, autoincrement=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False),
    # A public code, and the moderator's words, which are not public.
    Column("reason", String(40), nullable=False),
    Column("note", Text, nullable=False),
    Column("by", String(64), nullable=False),
    at_column("from_at", default_now=True),
    # NULL: for good.
    at_column("until_at", nullable=True),
    at_column("ended_at", nullable=True),
    # The rankings of which the ban has taken the player's rows.
    Column("rankings", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    # When Redis was told that the ban has begun, or has ended; NULL: not yet.
    at_column("shown_at", nullable=True),
)
# Every process reads each second what has just begun or ended.
Index("ix_bans_from_at", bans.c.from_at)
Index("ix_bans_ended_at", bans.c.ended_at)
Index("ix_bans_to_show", bans.c.ban_no, postgresql_where=text("shown_at IS NULL"))
Index(
    "ix_bans_due",
    bans.c.until_at,
    postgresql_where=text("ended_at IS NULL AND until_at IS NOT NULL"),
)
Index(
    "ix_bans_running",
    bans.c.user_id,
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("action_id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False),
    Column("message", Text, nullable=False),
    at_column("created_at", default_now=True),
    # `open` until a decision on the action, or the end of the case, grants or declines it.
    Column("state", String(16), nullable=False, server_default=text("'open'")),
    at_column("decided_at", nullable=True),
    Index("ix_appeals_user_id", "user_id", "state"),
)
