"""Actions: their ids, their rows, and the batches in which they came, which are the log."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.store.postgres.schema.base import at_column, metadata
from domain.store.postgres.stages import (
    IS_FINISHED,
    IS_HELD,
    IS_PENDING,
    IS_UNFINISHED,
    NEEDS_REVIEW,
)

# The order of actions for windows and ties, independent of the order in which workers run.
action_no_seq = Sequence("action_no_seq", metadata=metadata, data_type=BigInteger)

# Kept forever: a unique index of a partitioned table must hold the partition key too.
action_ids = Table(
    "action_ids",
    metadata,
    Column("action_id", Uuid, primary_key=True),
    Column("action_no", BigInteger, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    # The action's intake time, which names its partition.
    at_column("created_at"),
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
    at_column("timestamp", nullable=True),
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
    at_column("completed_at", nullable=True),
    # NULL when the action failed before it was screened.
    Column("verdict", String(16)),
    # Why: `reason` is of the status, which differs when the action failed after its screening.
    Column("verdict_reason", String(40)),
    # What the checks found and a review decided; NULL when every check passed.
    Column("checks", JSONB),
    # By board: why the action does not count there although the board is for it; NULL when none.
    Column("uncounted", JSONB),
    # From where it came, what vouched for it (`StepUp`), and the policy that judged it; else NULL.
    Column("client_no", BigInteger),
    Column("step_up", SmallInteger),
    Column("policy_no", Integer),
    PrimaryKeyConstraint("user_id", "action_no", "created_at"),
    Index(
        "ix_user_actions_review",
        "created_at",
        "action_no",
        postgresql_where=text(NEEDS_REVIEW),
    ),
    # What is held of one player.
    Index("ix_user_actions_held", "user_id", "action_no", postgresql_where=text(IS_HELD)),
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
    at_column("attempted_at", nullable=True),
    # How often the keeper found the batch stalled; each look doubles the pause before the next.
    Column("looks", SmallInteger, nullable=False, server_default=text("0")),
    at_column("next_look_at"),
    # The web process that waits for the replies, if any.
    Column("reply_to", String(64)),
    at_column("created_at"),
    at_column("updated_at"),
    at_column("scored_at", nullable=True),
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
    # From where they came, and what vouched for them; NULL when nothing is known of all of them.
    Column("client_nos", ARRAY(BigInteger)),
    Column("step_ups", ARRAY(SmallInteger)),
    # The policy by which *screen* judged them.
    Column("policy_no", Integer),
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
    at_column("seen_at"),
)
