"""SQL of the queue's age, and of what stands in it without being a part of it."""

from sqlalchemy import Connection

from domain.store.postgres.stages import (
    IS_FINISHED,
    IS_OPEN,
    IS_PAST_SCORE,
    IS_UNFINISHED,
    IS_UNSCORED,
)
from domain.store.postgres.statements import sql

# Finished batches among which the newest that was scored is looked for.
RECENTLY_FINISHED = 20


def count_unknown_batches(connection: Connection) -> dict[str, int]:
    """Return how many batches are at stages that this version does not know, by stage."""
    rows = connection.execute(
        sql(
            "SELECT stage, count(*) AS batches FROM action_batches"
            f" WHERE {IS_UNFINISHED} AND NOT {IS_OPEN} GROUP BY stage"
        )
    )
    return {row.stage: row.batches for row in rows}


def read_queue_age_seconds(connection: Connection) -> float:
    """Return how many seconds the queue of unscored batches is long, 0.0 when it is empty.

    That is the wait of the oldest one that no later batch has overtaken: one that was overtaken
    is delayed by something of its own, and the next action will overtake it too. Measured from
    `updated_at`: an action that was held for days comes back with its old intake time.
    """
    age = connection.execute(
        sql(
            "WITH scored AS MATERIALIZED (SELECT max(created_at) AS newest_at FROM ("
            f"   (SELECT created_at FROM action_batches WHERE {IS_FINISHED}"
            f"     ORDER BY updated_at DESC LIMIT {RECENTLY_FINISHED})"
            "   UNION ALL"
            f"   (SELECT created_at FROM action_batches WHERE {IS_UNFINISHED} AND {IS_PAST_SCORE})"
            " ) b)"
            " SELECT extract(epoch FROM clock_timestamp() - min(updated_at))"
            f" FROM action_batches, scored WHERE {IS_UNFINISHED} AND {IS_UNSCORED}"
            " AND (newest_at IS NULL OR updated_at >= newest_at)"
        )
    ).scalar()
    return max(float(age), 0.0) if age is not None else 0.0


def read_oldest_seconds(connection: Connection) -> float:
    """Return the wait of the oldest unscored batch, overtaken or not; 0.0 when there is none."""
    age = connection.execute(
        sql(
            "SELECT extract(epoch FROM clock_timestamp() - min(updated_at)) FROM action_batches"
            f" WHERE {IS_UNFINISHED} AND {IS_UNSCORED}"
        )
    ).scalar()
    return max(float(age), 0.0) if age is not None else 0.0
