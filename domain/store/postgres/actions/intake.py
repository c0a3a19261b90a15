"""SQL of intake: a batch, its actions and their ids, inserted by one statement.

Called by `domain/actions/intake.py`.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import FIRST_STAGE
from domain.actions.model import NewAction
from domain.store.postgres.actions.batches import QUIET_SECONDS
from domain.store.postgres.statements import prepared, sql

# A player's actions must commit in the order of their numbers, or a window would miss one that is
# not committed yet. Players share 64 locks: enough for few collisions, few enough to hold at once.
ORDER_LOCK_CLASS = 0x4C61
ORDER_LOCKS = 64

_INTAKE = prepared("""
WITH input AS (
    SELECT * FROM unnest(
        CAST(:action_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:scores AS integer[]),
        CAST(:types AS text[]), CAST(:timestamps AS timestamptz[]), CAST(:metadata AS text[]),
        CAST(:hashes AS text[]), CAST(:request_ids AS text[])
    ) WITH ORDINALITY
    AS t(action_id, user_id, score, action_type, at, metadata, hash, request_id, ordinal)
), numbered AS MATERIALIZED (
    SELECT ordered.*, nextval('action_no_seq') AS action_no
    FROM (SELECT * FROM input ORDER BY ordinal) ordered
), claimed AS (
    INSERT INTO action_ids (action_id, action_no, user_id, request_hash, created_at)
    SELECT action_id, action_no, user_id, decode(hash, 'hex'), statement_timestamp()
    FROM numbered ORDER BY action_id
    ON CONFLICT (action_id) DO NOTHING
    RETURNING action_id
), batch AS (
    INSERT INTO action_batches
        (batch_id, stage, next_look_at, reply_to, created_at, updated_at)
    SELECT CAST(:batch_id AS uuid), :stage, statement_timestamp() + make_interval(secs => :quiet),
        :reply_to,
        statement_timestamp(), statement_timestamp()
    WHERE EXISTS (SELECT 1 FROM claimed)
)
INSERT INTO user_actions (action_id, user_id, score_delta, action_type, timestamp, metadata,
    created_at, action_no, batch_id, request_id)
SELECT action_id, user_id, score, action_type, at, CAST(metadata AS jsonb),
    statement_timestamp(), action_no, CAST(:batch_id AS uuid), request_id
FROM numbered JOIN claimed USING (action_id) ORDER BY action_no
""")


def lock_order_and_list_newcomers(
    connection: Connection, *, user_ids: Sequence[UUID]
) -> list[UUID]:
    """Lock out other intakes of these players until this transaction ends; return the new players.

    New players have no row in user_scores. They are read in the same statement, because every
    action pays for it; a player who was inserted while it waited for the lock is among them too.
    """
    buckets = sorted({user_id.int % ORDER_LOCKS for user_id in user_ids})
    newcomers: list[UUID] = connection.execute(
        prepared(
            "SELECT ARRAY(SELECT u FROM unnest(CAST(:users AS uuid[])) u"
            "   WHERE NOT EXISTS (SELECT 1 FROM user_scores s WHERE s.user_id = u)),"
            # The aggregate takes every lock, in the order of the array.
            " count(pg_advisory_xact_lock(:class, bucket))"
            " FROM unnest(CAST(:buckets AS integer[])) bucket"
        ),
        {
            "users": [str(user_id) for user_id in user_ids],
            "class": ORDER_LOCK_CLASS,
            "buckets": buckets,
        },
    ).scalar_one()
    return newcomers


def list_locked_players(connection: Connection, *, user_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return the players whose actions would have to wait for another transaction; never waits.

    Their score is locked, or the order lock that they share with others. Locks the rest.
    """
    buckets = sorted({user_id.int % ORDER_LOCKS for user_id in user_ids})
    row = connection.execute(
        sql(
            "WITH wanted AS MATERIALIZED ("
            "   SELECT user_id FROM user_scores WHERE user_id = ANY(CAST(:users AS uuid[]))"
            "), free AS MATERIALIZED ("
            "   SELECT user_id FROM user_scores WHERE user_id = ANY(CAST(:users AS uuid[]))"
            "   ORDER BY user_id FOR KEY SHARE SKIP LOCKED)"
            " SELECT ARRAY(SELECT user_id FROM wanted EXCEPT SELECT user_id FROM free) AS users,"
            " ARRAY(SELECT bucket FROM unnest(CAST(:buckets AS integer[])) bucket"
            "   WHERE NOT pg_try_advisory_xact_lock(:class, bucket)) AS buckets"
        ),
        {
            "users": [str(user_id) for user_id in user_ids],
            "class": ORDER_LOCK_CLASS,
            "buckets": buckets,
        },
    ).one()
    users, locked_buckets = set(row.users), set(row.buckets)
    return frozenset(
        user_id
        for user_id in user_ids
        if user_id in users or user_id.int % ORDER_LOCKS in locked_buckets
    )


def insert_actions(
    connection: Connection, *, batch_id: UUID, reply_to: str | None, actions: Sequence[NewAction]
) -> frozenset[UUID]:
    """Insert a batch and its actions, numbered in this order; return the ids that were inserted.

    Ids in use are left out; when all are, no batch is inserted either. Raises DatabaseConflictError
    for a deadlock, and UnstorableDataError or ValueError for data that cannot be stored.
    """
    inserted = connection.execute(
        _INTAKE,
        {
            "batch_id": batch_id,
            "stage": FIRST_STAGE,
            "quiet": QUIET_SECONDS,
            "reply_to": reply_to,
            "action_ids": [str(action.action_id) for action in actions],
            "user_ids": [str(action.user_id) for action in actions],
            "scores": [action.score for action in actions],
            "types": [action.action_type for action in actions],
            "timestamps": [action.timestamp.isoformat() for action in actions],
            "metadata": [action.metadata for action in actions],
            "hashes": [action.request_hash.hex() for action in actions],
            "request_ids": [action.request_id for action in actions],
        },
    )
    if inserted.rowcount == len(actions):
        return frozenset(action.action_id for action in actions)
    return list_batch_ids(connection, batch_id=batch_id)


def list_batch_ids(connection: Connection, *, batch_id: UUID) -> frozenset[UUID]:
    """Return the ids of a batch's actions; none when there is no such batch."""
    rows = connection.execute(
        sql("SELECT action_id FROM user_actions WHERE batch_id = :batch_id"),
        {"batch_id": batch_id},
    )
    return frozenset(rows.scalars())
