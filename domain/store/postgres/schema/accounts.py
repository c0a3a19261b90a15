"""Sessions, what was revoked, API keys and tickets."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domain.store.postgres.schema.base import at_column, metadata

# A session is one login: its refresh tokens, and through the claim `sid` its access tokens. All of
# its refresh tokens begin alike, with what `family_hash` is of; one is valid, see
# `domain/accounts/sessions.py`.
sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("family_hash", LargeBinary, nullable=False, unique=True),
    Column("refresh_hash", LargeBinary, nullable=False),
    # The token before it, and the salt that made this one of that.
    Column("previous_hash", LargeBinary),
    Column("rotation_salt", LargeBinary),
    at_column("rotated_at", nullable=True),
    at_column("created_at", default_now=True),
    at_column("expires_at"),
    Index("ix_sessions_expires_at", "expires_at"),
)

# What an operator has made of an account with a password: `moderator`, `admin`.
granted_roles = Table(
    "granted_roles",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    at_column("granted_at", default_now=True),
)

# Revoked before they expire: kind is 'jti', 'session' or 'user', subject its value.
revocations = Table(
    "revocations",
    metadata,
    Column("revocation_no", BigInteger, primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),
    Column("subject", String(64), nullable=False),
    at_column("revoked_at", default_now=True),
    at_column("expires_at"),
    Index("ix_revocations_expires_at", "expires_at"),
)

# Keys of game servers. Kept when they are revoked, so that their names stay known.
api_keys = Table(
    "api_keys",
    metadata,
    # Also the user id of who uses it.
    Column("key_id", Uuid, primary_key=True),
    Column("name", String(64), nullable=False),
    # The first characters of the key, by which its holder can tell it.
    Column("prefix", String(16), nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("roles", ARRAY(Text), nullable=False),
    at_column("created_at", default_now=True),
    at_column("expires_at", nullable=True),
    at_column("revoked_at", nullable=True),
    at_column("last_used_at", nullable=True),
)
Index(
    "ix_api_keys_name",
    api_keys.c.name,
    unique=True,
    postgresql_where=api_keys.c.revoked_at.is_(None),
)

realtime_tickets = Table(
    "realtime_tickets",
    metadata,
    Column("ticket_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("origin", String(255)),
    # What the socket needs of the access token: its end, and what a revocation may name.
    Column("session_id", Uuid),
    at_column("token_issued_at"),
    at_column("token_expires_at"),
    at_column("expires_at"),
    Index("ix_realtime_tickets_expires_at", "expires_at"),
)
