"""SQL of intake: a batch with its actions, and their ids, inserted by one statement.

Called by `domain/actions/intake.py`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import FIRST_STAGE
from domain.actions.model import NewAction
from domain.store.postgres.actions.batches import QUIET_SECONDS
from domain.store.postgres.actions.entries import keep_statement
from domain.store.postgres.statements import prepared, sql

# A player's actions must commit in the order of their numbers, or a window would miss one that is
# not committed yet. Players share 64 locks: enough for few collisions, few enough to hold at once.
ORDER_LOCK_CLASS = 0x4C61
ORDER_LOCKS = 64
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)

_INTAKE = prepared("""
WITH numbered AS MATERIALIZED (
    SELECT ordered.*, nextval('action_no_seq') AS action_no
    FROM (SELECT * FROM unnest(
            CAST(:action_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:hashes AS text[])
        ) WITH ORDINALITY AS t(action_id, user_id, hash, ordinal)
        ORDER BY ordinal) ordered
), claimed AS (
    INSERT INTO action_ids (action_id, action_no, user_id, request_hash, created_at)
    SELECT action_id, action_no, user_id, decode(hash, 'hex'), statement_timestamp()
    FROM numbered ORDER BY action_id
    ON CONFLICT (action_id) DO NOTHING
    RETURNING 1
)
INSERT INTO action_batches (batch_id, stage, next_look_at, reply_to, created_at, updated_at,
    action_nos, action_ids, user_ids, scores, timestamps_us, action_types, metadata, request_ids,
    client_nos, step_ups)
SELECT CAST(:batch_id AS uuid), :stage, statement_timestamp() + make_interval(secs => :quiet),
    :reply_to, statement_timestamp(), statement_timestamp(),
    (SELECT array_agg(action_no ORDER BY ordinal) FROM numbered),
    CAST(:action_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:scores AS integer[]),
    CAST(:timestamps AS bigint[]), CAST(:types AS text[]), CAST(:metadata AS jsonb[]),
    CAST(:request_ids AS text[]), CAST(:client_nos AS bigint[]), CAST(:step_ups AS smallint[])
WHERE EXISTS (SELECT 1 FROM claimed)
RETURNING (SELECT count(*) FROM claimed) = cardinality(action_nos) AS is_whole
""")
# An id is claimed if its row has this batch's number.
_KEEP_CLAIMED = sql(
    keep_statement(
        "EXISTS (SELECT 1 FROM action_ids i"
        " WHERE i.action_id = e.action_id AND i.action_no = e.action_no)"
    )
)


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
            "users": [user_id.hex for user_id in user_ids],
            "class": ORDER_LOCK_CLASS,
            "buckets": buckets,
        },
    ).scalar_one()
    return newcomers


def list_locked_players(connection: Connection, *, user_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return the players whose order lock another transaction has; never waits. Locks the rest."""
    buckets = sorted({user_id.int % ORDER_LOCKS for user_id in user_ids})
    locked: list[int] = connection.execute(
        sql(
            "SELECT ARRAY(SELECT bucket FROM unnest(CAST(:buckets AS integer[])) bucket"
            " WHERE NOT pg_try_advisory_xact_lock(:class, bucket))"
        ),
        {"class": ORDER_LOCK_CLASS, "buckets": buckets},
    ).scalar_one()
    return frozenset(user_id for user_id in user_ids if user_id.int % ORDER_LOCKS in locked)


def insert_actions(
    connection: Connection, *, batch_id: UUID, reply_to: str | None, actions: Sequence[NewAction]
) -> frozenset[UUID]:
    """Insert a batch with its actions, numbered in this order; return the ids that were inserted.

    Ids in use are left out; when all are, no batch is inserted either. Raises DatabaseConflictError
    for a deadlock, and UnstorableDataError or ValueError for data that cannot be stored.
    """
    is_whole = connection.execute(
        _INTAKE,
        {
            "batch_id": batch_id,
            "stage": FIRST_STAGE,
            "quiet": QUIET_SECONDS,
            "reply_to": reply_to,
            "action_ids": [action.action_id.hex for action in actions],
            "user_ids": [action.user_id.hex for action in actions],
            "hashes": [action.request_hash.hex() for action in actions],
            "scores": [action.score for action in actions],
            "timestamps": [(action.timestamp - _EPOCH) // _MICROSECOND for action in actions],
            "types": [action.action_type for action in actions],
            "metadata": [action.metadata for action in actions],
            "request_ids": [action.request_id for action in actions],
            "client_nos": _or_null([action.client_no for action in actions]),
            "step_ups": _or_null([action.step_up for action in actions]),
        },
    ).scalar_one_or_none()
    if is_whole is None:
        return frozenset()
    if is_whole:
        return frozenset(action.action_id for action in actions)
    connection.execute(_KEEP_CLAIMED, {"batch_id": batch_id})
    return list_batch_ids(connection, batch_id=batch_id)


def _or_null(values: list[int | None]) -> list[int | None] | None:
    """Return None for an array of nothing but NULL, which is most batches' and would be stored."""
    return None if values.count(None) == len(values) else values


def list_batch_ids(connection: Connection, *, batch_id: UUID) -> frozenset[UUID]:
    """Return the ids of a batch's actions; none when there is no such batch."""
    rows = connection.execute(
        sql("SELECT unnest(action_ids) FROM action_batches WHERE batch_id = :batch_id"),
        {"batch_id": batch_id},
    )
    return frozenset(rows.scalars())
