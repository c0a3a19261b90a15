"""Fraud: from where actions come, what is known of players, and the policies that judge."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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

# A device at an address, as keyed hashes: neither can be read from them. But for `seen_at` rows
# never change, so processes keep them in memory. `seen_at` is up to a week behind, and in no index:
# an update of it then makes no entry in one.
clients = Table(
    "clients",
    metadata,
    Column("client_no", BigInteger, primary_key=True, autoincrement=True),
    Column("device", Uuid, nullable=False),
    # Whether the client has named its device (`X-Client-Fingerprint`): else many are alike.
    Column("names_device", Boolean, nullable=False),
    # Of the IPv4 address, or of the /64 of an IPv6 one.
    Column("address", Uuid, nullable=False),
    # ISO 3166-1 alpha-2, "" where unknown; degrees, NULL where unknown.
    Column("country", String(2), nullable=False),
    Column("latitude", REAL),
    Column("longitude", REAL),
    # Whether the address is of a data centre.
    Column("is_hosting", Boolean, nullable=False),
    at_column("seen_at", default_now=True),
    UniqueConstraint("device", "address", "names_device", "country"),
)

# Which players were seen with a device or an address (`subject`, one of their hashes); `seen_at` as
# above.
client_sightings = Table(
    "client_sightings",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    at_column("seen_at", default_now=True),
    Index("ix_client_sightings_user_id", "user_id"),
)

# What screening remembers of a player, as JSON (`domain/fraud/profile.py`), "" for nothing yet; it
# is changed under the lock of the row only.
player_profiles = Table(
    "player_profiles",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    Column("profile", Text, nullable=False),
    # What is counted of the play session that the player was in last (`PlayState`), as JSON: an
    # action writes this row and not that one too, which gets it when the player goes on to another.
    Column("play_session", Text),
    # Checks that do not count for this player: by name until when, in microseconds since 1970.
    Column("snoozed", JSONB),
    at_column("updated_at", default_now=True),
)
# Hardly any: *screen* looks for them even where no check of the policy reads profiles.
Index(
    "ix_player_profiles_snoozed",
    player_profiles.c.user_id,
    postgresql_where=text("snoozed IS NOT NULL"),
)

# A time of play that a player has announced: `metadata.sessionId` of its actions.
play_sessions = Table(
    "play_sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False),
    Column("client_no", BigInteger),
    at_column("started_at", default_now=True),
    at_column("expires_at"),
    at_column("ended_at", nullable=True),
    # Written by screening when the player has gone on to another one (until then it is with the
    # profile): the sum of the durations of its actions, the device seen last (at first the one that
    # opened it), and how often another one came.
    Column("claimed_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("last_device", Uuid),
    Column("switches", SmallInteger, nullable=False, server_default=text("0")),
    Index("ix_play_sessions_user_id", "user_id"),
    Index("ix_play_sessions_expires_at", "expires_at"),
)
# A player has few that have not ended, however many there were.
Index(
    "ix_play_sessions_open",
    play_sessions.c.user_id,
    play_sessions.c.started_at,
    postgresql_where=text("ended_at IS NULL"),
)

fraud_policies = Table(
    "fraud_policies",
    metadata,
    Column("policy_no", Integer, primary_key=True, autoincrement=True),
    Column("state", String(16), nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    at_column("created_at", default_now=True),
    at_column("live_from", nullable=True),
    at_column("live_until", nullable=True),
)
Index(
    "ix_fraud_policies_live",
    fraud_policies.c.state,
    unique=True,
    postgresql_where=text("state IN ('live', 'shadow')"),
)

# What actions of one type are like, of all players; made by the keeper, again and again.
fraud_baselines = Table(
    "fraud_baselines",
    metadata,
    Column("action_type", String(100), primary_key=True),
    Column("baseline", JSONB, nullable=False),
    at_column("updated_at", default_now=True),
)

fraud_models = Table(
    "fraud_models",
    metadata,
    Column("model_no", Integer, primary_key=True, autoincrement=True),
    Column("state", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("trained_on", BigInteger, nullable=False),
    at_column("created_at", default_now=True),
)
Index(
    "ix_fraud_models_live",
    fraud_models.c.state,
    unique=True,
    postgresql_where=text("state IN ('live', 'shadow')"),
)

# One row. The revision grows with every change of a policy, a baseline or a model; *screen* reads
# it with each batch.
fraud_head = Table(
    "fraud_head",
    metadata,
    Column("head_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    # NULL while the policy is the one that the settings make.
    Column("live_policy_no", Integer),
    CheckConstraint("head_id = 1", name="single"),
)

# What vouches for actions of high value: keys of game servers, and second factors of players. Both
# secrets are encrypted.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("key", LargeBinary, nullable=False),
    at_column("created_at", default_now=True),
    at_column("revoked_at", nullable=True),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    at_column("created_at", default_now=True),
    at_column("confirmed_at", nullable=True),
    # The time step of the last code that was used, and a digest of what for: none is used twice but
    # for the same.
    Column("last_step", BigInteger),
    Column("last_use", LargeBinary),
    # How many codes were wrong since when.
    Column("wrong_codes", SmallInteger, nullable=False, server_default=text("0")),
    at_column("wrong_since", nullable=True),
)
