"""Fraud and moderation: clients, profiles, policies, cases, bans, signed checkpoints."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("subtrees", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "client_sightings",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "first_seen",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("subject", "user_id", name=op.f("pk_client_sightings")),
    )
    op.create_index("ix_client_sightings_user_id", "client_sightings", ["user_id"], unique=False)
    op.create_table(
        "clients",
        sa.Column("client_no", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("device", sa.Uuid(), nullable=False),
        sa.Column("names_device", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.REAL(), nullable=True),
        sa.Column("longitude", sa.REAL(), nullable=True),
        sa.Column("is_hosting", sa.Boolean(), nullable=False),
        sa.Column(
            "first_seen",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("client_no", name=op.f("pk_clients")),
        sa.UniqueConstraint(
            "device",
            "address",
            "names_device",
            "country",
            name=op.f("uq_clients_device_address_names_device_country"),
        ),
    )
    op.create_table(
        "fraud_baselines",
        sa.Column("action_type", sa.String(length=100), nullable=False),
        sa.Column("baseline", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("action_type", name=op.f("pk_fraud_baselines")),
    )
    op.create_table(
        "fraud_head",
        sa.Column("head_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("live_policy_no", sa.Integer(), nullable=True),
        sa.CheckConstraint("head_id = 1", name=op.f("ck_fraud_head_single")),
        sa.PrimaryKeyConstraint("head_id", name=op.f("pk_fraud_head")),
    )
    op.create_table(
        "fraud_models",
        sa.Column("model_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("trained_on", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("model_no", name=op.f("pk_fraud_models")),
    )
    op.create_index(
        "ix_fraud_models_live",
        "fraud_models",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state IN ('live', 'shadow')"),
    )
    op.create_table(
        "fraud_policies",
        sa.Column("policy_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("live_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("policy_no", name=op.f("pk_fraud_policies")),
    )
    op.create_index(
        "ix_fraud_policies_live",
        "fraud_policies",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state IN ('live', 'shadow')"),
    )
    op.create_table(
        "moderation_acts",
        sa.Column("act_no", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("action_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("act_no", name=op.f("pk_moderation_acts")),
        sa.UniqueConstraint("act_id", name=op.f("uq_moderation_acts_act_id")),
    )
    op.create_index("ix_moderation_acts_action_id", "moderation_acts", ["action_id"], unique=False)
    op.create_index(
        "ix_moderation_acts_user_id", "moderation_acts", ["user_id", "act_no"], unique=False
    )
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "appeals",
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("state", sa.String(length=16), server_default=sa.text("'open'"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_appeals_user_id_users")
        ),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_appeals")),
    )
    op.create_index("ix_appeals_user_id", "appeals", ["user_id", "state"], unique=False)
    op.create_table(
        "bans",
        sa.Column("ban_no", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column(
            "from_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "rankings",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_bans_user_id_users")),
        sa.PrimaryKeyConstraint("ban_no", name=op.f("pk_bans")),
    )
    op.create_index("ix_bans_from_at", "bans", ["from_at"], unique=False)
    op.create_index("ix_bans_ended_at", "bans", ["ended_at"], unique=False)
    op.create_index(
        "ix_bans_to_show",
        "bans",
        ["ban_no"],
        unique=False,
        postgresql_where=sa.text("shown_at IS NULL"),
    )
    op.create_index(
        "ix_bans_due",
        "bans",
        ["until_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL AND until_at IS NOT NULL"),
    )
    op.create_index(
        "ix_bans_running",
        "bans",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "moderation_cases",
        sa.Column(
            "case_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default=sa.text("'open'"), nullable=False),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "last_signal_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_moderation_cases_user_id_users")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_moderation_cases")),
    )
    op.create_index(
        "ix_moderation_cases_newest",
        "moderation_cases",
        ["state", "last_signal_at", "case_id"],
        unique=False,
    )
    op.create_index(
        "ix_moderation_cases_user_id",
        "moderation_cases",
        ["user_id", "last_signal_at"],
        unique=False,
    )
    op.create_index(
        "ix_moderation_cases_open",
        "moderation_cases",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "play_sessions",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_no", sa.BigInteger(), nullable=True),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_device", sa.Uuid(), nullable=True),
        sa.Column("switches", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_play_sessions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_play_sessions")),
    )
    op.create_index("ix_play_sessions_expires_at", "play_sessions", ["expires_at"], unique=False)
    op.create_index(
        "ix_play_sessions_open",
        "play_sessions",
        ["user_id", "started_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_play_sessions_user_id", "play_sessions", ["user_id"], unique=False)
    op.create_table(
        "player_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("snoozed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_player_profiles_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_player_profiles")),
    )
    op.create_index(
        "ix_player_profiles_snoozed",
        "player_profiles",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("snoozed IS NOT NULL"),
    )
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("last_use", sa.LargeBinary(), nullable=True),
        sa.Column("wrong_codes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("wrong_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_second_factors_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.add_column(
        "action_batches", sa.Column("client_nos", postgresql.ARRAY(sa.BigInteger()), nullable=True)
    )
    op.add_column(
        "action_batches", sa.Column("step_ups", postgresql.ARRAY(sa.SmallInteger()), nullable=True)
    )
    op.add_column("action_batches", sa.Column("policy_no", sa.Integer(), nullable=True))
    op.add_column("user_actions", sa.Column("client_no", sa.BigInteger(), nullable=True))
    op.add_column("user_actions", sa.Column("step_up", sa.SmallInteger(), nullable=True))
    op.add_column("user_actions", sa.Column("policy_no", sa.Integer(), nullable=True))
    op.add_column("user_scores", sa.Column("withheld_seq", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_user_scores_on_or_off_the_board"),
        "user_scores",
        "reached_seq IS NULL OR withheld_seq IS NULL",
    )
    op.create_index(
        "ix_user_actions_held",
        "user_actions",
        ["user_id", "action_no"],
        unique=False,
        postgresql_where=sa.text("status = 'quarantined'"),
    )
    op.create_index(
        "ix_users_name_prefix",
        "users",
        ["username_key"],
        unique=False,
        postgresql_ops={"username_key": "text_pattern_ops"},
    )
    op.execute(
        "INSERT INTO moderation_cases (user_id)"
        " SELECT DISTINCT user_id FROM user_actions WHERE status = 'quarantined'"
    )
    op.execute("INSERT INTO fraud_head (head_id, revision) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_index(
        "ix_users_name_prefix",
        table_name="users",
        postgresql_ops={"username_key": "text_pattern_ops"},
    )
    op.drop_index(
        "ix_user_actions_held",
        table_name="user_actions",
        postgresql_where=sa.text("status = 'quarantined'"),
    )
    op.drop_constraint("ck_user_scores_on_or_off_the_board", "user_scores")
    op.drop_column("user_scores", "withheld_seq")
    op.drop_column("user_actions", "policy_no")
    op.drop_column("user_actions", "step_up")
    op.drop_column("user_actions", "client_no")
    op.drop_column("action_batches", "policy_no")
    op.drop_column("action_batches", "step_ups")
    op.drop_column("action_batches", "client_nos")
    op.drop_table("second_factors")
    op.drop_index(
        "ix_player_profiles_snoozed",
        table_name="player_profiles",
        postgresql_where=sa.text("snoozed IS NOT NULL"),
    )
    op.drop_table("player_profiles")
    op.drop_index("ix_play_sessions_user_id", table_name="play_sessions")
    op.drop_index(
        "ix_play_sessions_open",
        table_name="play_sessions",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_play_sessions_expires_at", table_name="play_sessions")
    op.drop_table("play_sessions")
    op.drop_index(
        "ix_moderation_cases_open",
        table_name="moderation_cases",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_moderation_cases_newest", table_name="moderation_cases")
    op.drop_index("ix_moderation_cases_user_id", table_name="moderation_cases")
    op.drop_table("moderation_cases")
    op.drop_index(
        "ix_bans_running", table_name="bans", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("bans")
    op.drop_index("ix_appeals_user_id", table_name="appeals")
    op.drop_table("appeals")
    op.drop_table("signing_keys")
    op.drop_index("ix_moderation_acts_user_id", table_name="moderation_acts")
    op.drop_index("ix_moderation_acts_action_id", table_name="moderation_acts")
    op.drop_table("moderation_acts")
    op.drop_index(
        "ix_fraud_policies_live",
        table_name="fraud_policies",
        postgresql_where=sa.text("state IN ('live', 'shadow')"),
    )
    op.drop_table("fraud_policies")
    op.drop_index(
        "ix_fraud_models_live",
        table_name="fraud_models",
        postgresql_where=sa.text("state IN ('live', 'shadow')"),
    )
    op.drop_table("fraud_models")
    op.drop_table("fraud_head")
    op.drop_table("fraud_baselines")
    op.drop_table("clients")
    op.drop_index("ix_client_sightings_user_id", table_name="client_sightings")
    op.drop_table("client_sightings")
    op.drop_table("audit_checkpoints")
