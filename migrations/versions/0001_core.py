"""The core: players, scores, actions, batches, audit, archives, sessions and tickets."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from domain.store.postgres.partitions import ensure_partitions

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES_IN_ORDER_OF_REMOVAL = (
    "rewards",
    "ranking_seals",
    "ranking_row_revisions",
    "ranking_buckets",
    "ranking_rows",
    "rankings",
    "board_members",
    "board_catalog",
    "board_versions",
    "boards",
    "realtime_tickets",
    "api_keys",
    "revocations",
    "sessions",
    "archived_partitions",
    "archived_totals",
    "audit_head",
    "audit_log",
    "action_batches",
    "heartbeats",
    "user_actions",
    "action_ids",
    "user_scores",
    "users",
)


def upgrade() -> None:
    op.execute("CREATE SEQUENCE action_no_seq AS bigint")
    create_players()
    create_actions()
    create_batches()
    create_pending_actions()
    create_heartbeats()
    create_audit()
    create_archives()
    create_sessions()
    create_boards()
    create_rankings()
    create_seals()
    ensure_partitions(op.get_bind(), now=datetime.now(UTC), months_back=1)


def downgrade() -> None:
    op.execute("DROP VIEW pending_actions, user_stats")
    for table in TABLES_IN_ORDER_OF_REMOVAL:
        op.drop_table(table)
    op.execute("DROP SEQUENCE ranking_version_seq")
    op.execute("DROP SEQUENCE action_no_seq")


def at_column(name: str, *, nullable: bool = False, default_now: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=sa.text("now()") if default_now else None,
    )


def create_players() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", sa.String(200), nullable=False),
        sa.Column("username_skeleton", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("claimed_name", sa.String(64)),
        at_column("renamed_at", nullable=True),
        sa.Column("attributes", postgresql.JSONB),
        sa.Column("attribute_history", postgresql.JSONB),
        at_column("created_at", default_now=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sa.UniqueConstraint("username_skeleton", name="uq_users_username_skeleton"),
    )
    op.create_table(
        "user_scores",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("score", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        at_column("last_updated", nullable=True, default_now=True),
        at_column("created_at", nullable=True, default_now=True),
        sa.Column("reached_seq", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("total_actions", sa.Integer, nullable=False, server_default=sa.text("0")),
        at_column("first_action", nullable=True),
        at_column("last_action", nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_scores"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_user_scores_user_id_users"
        ),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 9007199254740991", name=op.f("ck_user_scores_score_range")
        ),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_user_scores_ranking",
        "user_scores",
        [sa.text("score DESC"), "reached_seq", "user_id"],
        postgresql_where=sa.text("reached_seq IS NOT NULL"),
    )
    op.execute("""
        CREATE VIEW user_stats AS SELECT user_id, total_actions, first_action, last_action
        FROM user_scores WHERE total_actions > 0
    """)


def create_actions() -> None:
    op.create_table(
        "action_ids",
        sa.Column("action_id", sa.Uuid, nullable=False),
        sa.Column("action_no", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        at_column("created_at"),
        sa.PrimaryKeyConstraint("action_id", name="pk_action_ids"),
    )
    op.create_table(
        "user_actions",
        sa.Column("action_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("score_delta", sa.Integer, nullable=False),
        sa.Column("action_type", sa.String(100)),
        at_column("timestamp", nullable=True),
        sa.Column("metadata", postgresql.JSONB),
        at_column("created_at", default_now=True),
        sa.Column("action_no", sa.BigInteger, nullable=False),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(16), nullable=False, server_default=sa.text("'pending'")),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("reason", sa.String(40)),
        sa.Column("previous_score", sa.BigInteger),
        sa.Column("new_score", sa.BigInteger),
        sa.Column("request_id", sa.String(64)),
        at_column("completed_at", nullable=True),
        sa.Column("verdict", sa.String(16)),
        sa.Column("verdict_reason", sa.String(40)),
        sa.Column("checks", postgresql.JSONB),
        sa.Column("uncounted", postgresql.JSONB),
        sa.PrimaryKeyConstraint("user_id", "action_no", "created_at", name="pk_user_actions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_scores.user_id"], name="fk_user_actions_user_id_user_scores"
        ),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_user_actions_review",
        "user_actions",
        ["created_at", "action_no"],
        postgresql_where=sa.text("status IN ('quarantined', 'failed')"),
    )
    op.create_index(
        "ix_user_actions_created_at",
        "user_actions",
        ["created_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_batches() -> None:
    op.create_table(
        "action_batches",
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        at_column("attempted_at", nullable=True),
        sa.Column("looks", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        at_column("next_look_at"),
        sa.Column("reply_to", sa.String(64)),
        at_column("created_at"),
        at_column("updated_at"),
        at_column("scored_at", nullable=True),
        sa.Column("action_nos", postgresql.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("action_ids", postgresql.ARRAY(sa.Uuid), nullable=False),
        sa.Column("user_ids", postgresql.ARRAY(sa.Uuid), nullable=False),
        sa.Column("scores", postgresql.ARRAY(sa.Integer), nullable=False),
        sa.Column("timestamps_us", postgresql.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("action_types", postgresql.ARRAY(sa.String(100)), nullable=False),
        sa.Column("metadata", postgresql.ARRAY(postgresql.JSONB), nullable=False),
        sa.Column("request_ids", postgresql.ARRAY(sa.String(64)), nullable=False),
        sa.Column("versions", postgresql.ARRAY(sa.Integer)),
        sa.Column("verdicts", postgresql.JSONB),
        sa.Column("outcomes", sa.Text),
        sa.Column("uncounted", postgresql.JSONB),
        sa.Column("rankings", postgresql.ARRAY(sa.BigInteger)),
        sa.PrimaryKeyConstraint("batch_id", name="pk_action_batches"),
    )
    op.create_index(
        "ix_action_batches_stalled",
        "action_batches",
        ["next_look_at"],
        postgresql_where=sa.text("stage NOT IN ('done', 'split')"),
    )
    op.create_index(
        "ix_action_batches_pending",
        "action_batches",
        ["created_at"],
        postgresql_where=sa.text("scored_at IS NULL AND stage NOT IN ('done', 'split')"),
    )
    op.create_index(
        "ix_action_batches_ended",
        "action_batches",
        ["updated_at"],
        postgresql_where=sa.text("stage IN ('done', 'split')"),
    )


def create_pending_actions() -> None:
    op.execute("""
        CREATE VIEW pending_actions AS
        SELECT e.action_id, e.user_id, e.score_delta, e.action_type,
            timestamptz 'epoch' + e.timestamp_us * interval '1 microsecond' AS timestamp,
            e.metadata, b.created_at, e.action_no, b.batch_id, text 'pending' AS status,
            coalesce(e.version, 0) AS version, e.request_id, b.stage
        FROM action_batches b, unnest(b.action_nos, b.action_ids, b.user_ids, b.scores,
            b.timestamps_us, b.action_types, b.metadata, b.request_ids, b.versions)
            AS e(action_no, action_id, user_id, score_delta, timestamp_us, action_type, metadata,
                request_id, version)
        WHERE b.scored_at IS NULL AND b.stage NOT IN ('done', 'split')
    """)


def create_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(32), nullable=False),
        at_column("seen_at"),
        sa.PrimaryKeyConstraint("process", name="pk_heartbeats"),
    )


def create_audit() -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("leaves", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
        sa.UniqueConstraint("batch_id", name="uq_audit_log_batch_id"),
    )
    # Ids do not compress, and trying takes three times as long as the rest of the INSERT.
    op.execute("ALTER TABLE audit_log ALTER COLUMN leaves SET STORAGE EXTERNAL")
    op.create_table(
        "audit_head",
        sa.Column("head_id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("head_id", name="pk_audit_head"),
        sa.CheckConstraint("head_id = 1", name=op.f("ck_audit_head_single")),
    )
    op.execute(f"INSERT INTO audit_head (head_id, seq, hash) VALUES (1, 0, '\\x{bytes(32).hex()}')")


def create_archives() -> None:
    op.create_table(
        "archived_totals",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("applied_actions", sa.BigInteger, nullable=False),
        sa.Column("applied_score", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_archived_totals"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_scores.user_id"], name="fk_archived_totals_user_id_user_scores"
        ),
    )
    op.create_table(
        "archived_partitions",
        sa.Column("partition_name", sa.String(63), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("applied_score", sa.BigInteger, nullable=False),
        at_column("from_at"),
        at_column("until_at"),
        at_column("archived_at", default_now=True),
        sa.PrimaryKeyConstraint("partition_name", name="pk_archived_partitions"),
    )


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("family_hash", sa.LargeBinary, nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("rotation_salt", sa.LargeBinary),
        at_column("rotated_at", nullable=True),
        at_column("created_at", default_now=True),
        at_column("expires_at"),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_sessions_user_id_users"),
        sa.UniqueConstraint("family_hash", name="uq_sessions_family_hash"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "revocations",
        sa.Column("revocation_no", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        at_column("revoked_at", default_now=True),
        at_column("expires_at"),
        sa.PrimaryKeyConstraint("revocation_no", name="pk_revocations"),
    )
    op.create_index("ix_revocations_expires_at", "revocations", ["expires_at"])
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text), nullable=False),
        at_column("created_at", default_now=True),
        at_column("expires_at", nullable=True),
        at_column("revoked_at", nullable=True),
        at_column("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_index(
        "ix_api_keys_name",
        "api_keys",
        ["name"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "realtime_tickets",
        sa.Column("ticket_hash", sa.LargeBinary, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("origin", sa.String(255)),
        sa.Column("session_id", sa.Uuid),
        at_column("token_issued_at"),
        at_column("token_expires_at"),
        at_column("expires_at"),
        sa.PrimaryKeyConstraint("ticket_hash", name="pk_realtime_tickets"),
    )
    op.create_index("ix_realtime_tickets_expires_at", "realtime_tickets", ["expires_at"])


def create_boards() -> None:
    op.create_table(
        "boards",
        sa.Column("board_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("live_version_no", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False, server_default=sa.text("1")),
        at_column("created_at", default_now=True),
        at_column("updated_at", default_now=True),
        sa.PrimaryKeyConstraint("board_id", name="pk_boards"),
    )
    op.create_table(
        "board_versions",
        sa.Column("version_no", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("board_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("definition", postgresql.JSONB, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("built_until", sa.Uuid),
        sa.Column("built_players", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("total_players", sa.BigInteger),
        sa.Column("build_error", sa.Text),
        at_column("created_at", default_now=True),
        at_column("live_at", nullable=True),
        sa.PrimaryKeyConstraint("version_no", name="pk_board_versions"),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.board_id"], name="fk_board_versions_board_id_boards"
        ),
        sa.UniqueConstraint("board_id", "version", name="uq_board_versions_board_id_version"),
    )
    op.create_table(
        "board_catalog",
        sa.Column("catalog_id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("catalog_id", name="pk_board_catalog"),
        sa.CheckConstraint("catalog_id = 1", name=op.f("ck_board_catalog_single")),
    )
    op.execute("INSERT INTO board_catalog (catalog_id, revision) VALUES (1, 0)")
    op.create_table(
        "board_members",
        sa.Column("board_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        at_column("joined_at", default_now=True),
        sa.PrimaryKeyConstraint("board_id", "user_id", name="pk_board_members"),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.board_id"], name="fk_board_members_board_id_boards"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_board_members_user_id_users"
        ),
    )
    op.create_index("ix_board_members_user_id", "board_members", ["user_id"])


def create_rankings() -> None:
    op.create_table(
        "rankings",
        sa.Column("ranking_no", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("version_no", sa.BigInteger, nullable=False),
        sa.Column("period_key", sa.String(32), nullable=False),
        at_column("period_start", nullable=True),
        at_column("period_end", nullable=True),
        sa.Column("segment", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("sealed_revision", sa.Integer, nullable=False, server_default=sa.text("0")),
        at_column("removed_at", nullable=True),
        at_column("created_at", default_now=True),
        sa.PrimaryKeyConstraint("ranking_no", name="pk_rankings"),
        sa.ForeignKeyConstraint(
            ["version_no"],
            ["board_versions.version_no"],
            name="fk_rankings_version_no_board_versions",
        ),
        sa.UniqueConstraint(
            "version_no", "period_key", "segment", name="uq_rankings_version_no_period_key_segment"
        ),
    )
    op.create_index(
        "ix_rankings_unsealed",
        "rankings",
        ["period_end"],
        postgresql_where=sa.text(
            "period_end IS NOT NULL AND removed_at IS NULL"
            " AND (revision = 0 OR sealed_revision < revision)"
        ),
    )
    op.execute("CREATE SEQUENCE ranking_version_seq AS bigint")
    op.create_table(
        "ranking_rows",
        sa.Column("ranking_no", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.BigInteger)),
        sa.Column("reached_seq", sa.BigInteger, nullable=False),
        sa.Column("is_moved", sa.Boolean, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("attempts", postgresql.JSONB),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("sort_key", sa.LargeBinary, nullable=False),
        at_column("last_updated"),
        sa.PrimaryKeyConstraint("ranking_no", "user_id", name="pk_ranking_rows"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("ix_ranking_rows_order", "ranking_rows", ["ranking_no", "sort_key", "user_id"])
    op.create_table(
        "ranking_buckets",
        sa.Column("ranking_no", sa.BigInteger, nullable=False, autoincrement=False),
        at_column("bucket_at"),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.BigInteger)),
        sa.Column("reached_seq", sa.BigInteger, nullable=False),
        sa.Column("is_moved", sa.Boolean, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("ranking_no", "bucket_at", "user_id", name="pk_ranking_buckets"),
    )
    op.create_index("ix_ranking_buckets_player", "ranking_buckets", ["ranking_no", "user_id"])


def create_seals() -> None:
    op.create_table(
        "ranking_row_revisions",
        sa.Column("ranking_no", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("until_revision", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("value", sa.BigInteger),
        sa.Column("columns", postgresql.ARRAY(sa.BigInteger)),
        sa.Column("reached_seq", sa.BigInteger),
        sa.Column("sort_key", sa.LargeBinary),
        at_column("last_updated", nullable=True),
        sa.PrimaryKeyConstraint(
            "ranking_no", "user_id", "until_revision", name="pk_ranking_row_revisions"
        ),
    )
    op.create_table(
        "ranking_seals",
        sa.Column("ranking_no", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        at_column("sealed_at"),
        sa.PrimaryKeyConstraint("ranking_no", "revision", name="pk_ranking_seals"),
        sa.ForeignKeyConstraint(
            ["ranking_no"], ["rankings.ranking_no"], name="fk_ranking_seals_ranking_no_rankings"
        ),
    )
    op.create_table(
        "rewards",
        sa.Column("reward_no", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("ranking_no", sa.BigInteger, nullable=False),
        sa.Column("board_id", sa.String(32), nullable=False),
        sa.Column("period_key", sa.String(32), nullable=False),
        sa.Column("segment", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("reward", sa.String(64), nullable=False),
        at_column("granted_at"),
        sa.PrimaryKeyConstraint("reward_no", name="pk_rewards"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_rewards_user_id_users"),
        sa.UniqueConstraint(
            "ranking_no", "user_id", "reward", name="uq_rewards_ranking_no_user_id_reward"
        ),
    )
    op.create_index("ix_rewards_user_id", "rewards", ["user_id"])
