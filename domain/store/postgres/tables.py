"""The tables, as SQLAlchemy Core metadata; `migrations/` creates them and a test compares both.

`user_scores`, `user_actions` and the view `user_stats` keep the specification's columns and types.
Status and stage names live with their subjects' models.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.store.postgres.stages import IS_FINISHED, IS_PENDING, IS_UNFINISHED, NEEDS_REVIEW

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _at(name: str, *, nullable: bool = False, default_now: bool = False) -> Column[object]:
    return Column(
        name,
        DateTime(timezone=True),
        nullable=nullable,
        server_default=text("now()") if default_now else None,
    )


# The order of actions for windows and ties, independent of the order in which workers run.
action_no_seq = Sequence("action_no_seq", metadata=metadata, data_type=BigInteger)

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
    _at("renamed_at", nullable=True),
    # What a game knows of its player, a country for instance: a JSON object of texts. Boards may be
    # split by one of them.
    Column("attributes", JSONB),
    _at("created_at", default_now=True),
)

user_scores = Table(
    "user_scores",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.user_id"), primary_key=True),
    Column("score", BigInteger, nullable=False, server_default=text("0")),
    _at("last_updated", nullable=True, default_now=True),
    _at("created_at", nullable=True, default_now=True),
    Column("reached_seq", BigInteger),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    # The statistics over the applied actions; the view `user_stats` shows them.
    Column("total_actions", Integer, nullable=False, server_default=text("0")),
    _at("first_action", nullable=True),
    _at("last_action", nullable=True),
    CheckConstraint("score BETWEEN 0 AND 9007199254740991", name="score_range"),
)
Index(
    "ix_user_scores_ranking",
    user_scores.c.score.desc(),
    user_scores.c.reached_seq,
    user_scores.c.user_id,
    postgresql_where=user_scores.c.reached_seq.is_not(None),
)

# Kept forever: a unique index of a partitioned table must hold the partition key too.
action_ids = Table(
    "action_ids",
    metadata,
    Column("action_id", Uuid, primary_key=True),
    Column("action_no", BigInteger, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    # The action's intake time, which names its partition.
    _at("created_at"),
)

# Each action once, in its final state: what is pending is an element of its batch's arrays, and an
# action that a review has reopened is both. Found by player and number, which `action_ids` knows.
user_actions = Table(
    "user_actions",
    metadata,
    Column("action_id", Uuid, nullable=False),
    Column("user_id", Uuid, ForeignKey("user_scores.user_id"), primary_key=True),
    Column("score_delta", Integer, nullable=False),
    Column("action_type", String(100)),
    _at("timestamp", nullable=True),
    Column("metadata", JSONB),
    Column(
        "created_at",
        DateTime(timezone=True),
        primary_key=True,
        nullable=False,
        server_default=text("now()"),
    ),
    Column("action_no", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", Uuid, nullable=False),
    Column("status", String(16), nullable=False, server_default=text("'pending'")),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("reason", String(40)),
    Column("previous_score", BigInteger),
    Column("new_score", BigInteger),
    Column("request_id", String(64)),
    _at("completed_at", nullable=True),
    # NULL when the action failed before it was screened.
    Column("verdict", String(16)),
    # Why: `reason` is of the status, which differs when the action failed after its screening.
    Column("verdict_reason", String(40)),
    # What the checks found and a review decided; NULL when every check passed.
    Column("checks", JSONB),
    # By board: why the action does not count there although the board is for it; NULL when none.
    Column("uncounted", JSONB),
    PrimaryKeyConstraint("user_id", "action_no", "created_at"),
    Index(
        "ix_user_actions_review",
        "created_at",
        "action_no",
        postgresql_where=text(NEEDS_REVIEW),
    ),
    # Who has changed since a moment. Rows come nearly in this order, so a summary of each block of
    # pages is enough: an index of every row would cost intake more than it is worth.
    Index(
        "ix_user_actions_created_at",
        "created_at",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    ),
    postgresql_partition_by="RANGE (created_at)",
)

# The log: one row for each batch, written by intake, with its actions as arrays in order of
# action_no. *screen* adds verdicts and *score* outcomes; everything else about the actions is made
# of these rows. The columns of a batch's way come first, so that moving it leaves the arrays alone.
action_batches = Table(
    "action_batches",
    metadata,
    Column("batch_id", Uuid, primary_key=True),
    Column("stage", String(16), nullable=False),
    # Attempts at the next link that ended in neither success nor a transient error, as far as they
    # count, and when the last one began.
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    _at("attempted_at", nullable=True),
    # How often the keeper found the batch stalled; each look doubles the pause before the next.
    Column("looks", SmallInteger, nullable=False, server_default=text("0")),
    _at("next_look_at"),
    # The web process that waits for the replies, if any.
    Column("reply_to", String(64)),
    _at("created_at"),
    _at("updated_at"),
    _at("scored_at", nullable=True),
    Column("action_nos", ARRAY(BigInteger), nullable=False),
    Column("action_ids", ARRAY(Uuid), nullable=False),
    Column("user_ids", ARRAY(Uuid), nullable=False),
    Column("scores", ARRAY(Integer), nullable=False),
    # The clients' times, in microseconds since 1970.
    Column("timestamps_us", ARRAY(BigInteger), nullable=False),
    # The widths and types of user_actions: what it would refuse is refused by intake.
    Column("action_types", ARRAY(String(100)), nullable=False),
    Column("metadata", ARRAY(JSONB), nullable=False),
    Column("request_ids", ARRAY(String(64)), nullable=False),
    # The versions of actions that have rows already, because a review has reopened them; else NULL.
    Column("versions", ARRAY(Integer)),
    # By action_no: {"verdict", "reason", "checks"} of every action that did not pass every check.
    Column("verdicts", JSONB),
    # JSON: [[status, reason, previous score, new score, version], ...] in the order of the arrays.
    Column("outcomes", Text),
    # By action_no, what `user_actions.uncounted` becomes; and the rankings with changed rows.
    Column("uncounted", JSONB),
    Column("rankings", ARRAY(BigInteger)),
)
Index(
    "ix_action_batches_stalled",
    action_batches.c.next_look_at,
    postgresql_where=text(IS_UNFINISHED),
)
Index(
    "ix_action_batches_pending",
    action_batches.c.created_at,
    postgresql_where=text(IS_PENDING),
)
Index(
    "ix_action_batches_ended",
    action_batches.c.updated_at,
    postgresql_where=text(IS_FINISHED),
)

# One row per kind of process: when one was last alive. Here, because Redis may be away.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("process", String(32), primary_key=True),
    _at("seen_at"),
)

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
    _at("from_at"),
    _at("until_at"),
    _at("archived_at", default_now=True),
)

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
    _at("rotated_at", nullable=True),
    _at("created_at", default_now=True),
    _at("expires_at"),
    Index("ix_sessions_expires_at", "expires_at"),
)

# Revoked before they expire: kind is 'jti', 'session' or 'user', subject its value.
revocations = Table(
    "revocations",
    metadata,
    Column("revocation_no", BigInteger, primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),
    Column("subject", String(64), nullable=False),
    _at("revoked_at", default_now=True),
    _at("expires_at"),
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
    _at("created_at", default_now=True),
    _at("expires_at", nullable=True),
    _at("revoked_at", nullable=True),
    _at("last_used_at", nullable=True),
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
    _at("token_issued_at"),
    _at("token_expires_at"),
    _at("expires_at"),
    Index("ix_realtime_tickets_expires_at", "expires_at"),
)

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
    _at("created_at", default_now=True),
    _at("updated_at", default_now=True),
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
    _at("created_at", default_now=True),
    _at("live_at", nullable=True),
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
    _at("joined_at", default_now=True),
    Index("ix_board_members_user_id", "user_id"),
)

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
    _at("period_start", nullable=True),
    _at("period_end", nullable=True),
    Column("segment", String(64), nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("sealed_revision", Integer, nullable=False, server_default=text("0")),
    _at("removed_at", nullable=True),
    _at("created_at", default_now=True),
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
    _at("last_updated"),
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
    _at("last_updated", nullable=True),
)

# A closed ranking's order: the hash of its rows, which is in the audit chain too.
ranking_seals = Table(
    "ranking_seals",
    metadata,
    Column("ranking_no", BigInteger, ForeignKey("rankings.ranking_no"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("row_count", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    _at("sealed_at"),
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
    _at("granted_at"),
    UniqueConstraint("ranking_no", "user_id", "reward"),
)
