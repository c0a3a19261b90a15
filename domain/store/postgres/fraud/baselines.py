"""SQL of fraud_baselines: a sample of recent actions, and what is made of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from domain.store.postgres.fraud.play_facts import DURATION_MS
from domain.store.postgres.statements import sql

# By blocks of the index of times, from the oldest of the window on: as soon as there are enough
# rows, no further one is read. Of each type the newest, so many at most.
_SAMPLE = f"""
WITH recent AS MATERIALIZED (
    SELECT coalesce(action_type, '') AS kind, score_delta, user_id, action_no, created_at,
        {DURATION_MS} AS duration_ms
    FROM (SELECT *, metadata AS m FROM user_actions) a
    WHERE created_at > :since AND status = 'applied' LIMIT :rows
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY action_no DESC) AS place,
        extract(epoch FROM created_at - lag(created_at)
            OVER (PARTITION BY user_id ORDER BY action_no)) * 1000 AS interval_ms
    FROM recent
), frequent AS (
    SELECT kind FROM recent GROUP BY kind ORDER BY count(*) DESC, kind LIMIT :types
)
SELECT kind, score_delta, duration_ms, CAST(interval_ms AS double precision) AS interval_ms
FROM ranked JOIN frequent USING (kind) WHERE place <= :each
"""


class SampledAction(NamedTuple):
    """One applied action; `interval_ms` is since the player's one before in the sample, if any."""

    action_type: str
    score: int
    duration_ms: float | None
    interval_ms: float | None


def sample_actions(
    connection: Connection, *, since: datetime, rows: int, types: int, each: int
) -> list[SampledAction]:
    """Return at most `rows` applied actions since then: `each` newest of the frequent types."""
    found = connection.execute(
        sql(_SAMPLE), {"since": since, "rows": rows, "types": types, "each": each}
    )
    return [SampledAction(*row) for row in found]


def read_last_number(connection: Connection) -> int:
    """Return the number of the newest action."""
    number: int = connection.execute(sql("SELECT last_value FROM action_no_seq")).scalar_one()
    return number


def list_baselines(connection: Connection) -> Sequence[tuple[str, object]]:
    """Return every baseline as JSON, with its action type."""
    rows = connection.execute(sql("SELECT action_type, baseline FROM fraud_baselines"))
    return [(row.action_type, row.baseline) for row in rows]


def write_baselines(connection: Connection, *, baselines: Mapping[str, Mapping[str, Any]]) -> None:
    """Insert the baselines by action type, or replace them."""
    connection.execute(
        sql(
            "INSERT INTO fraud_baselines (action_type, baseline, updated_at)"
            " SELECT kind, CAST(baseline AS jsonb), now()"
            " FROM unnest(CAST(:kinds AS text[]), CAST(:baselines AS text[])) t(kind, baseline)"
            " ON CONFLICT (action_type) DO UPDATE"
            " SET baseline = excluded.baseline, updated_at = excluded.updated_at"
        ),
        {
            "kinds": list(baselines),
            "baselines": [orjson.dumps(one).decode() for one in baselines.values()],
        },
    )


def delete_old_baselines(connection: Connection, *, before: datetime) -> int:
    """Delete the baselines of types of which nothing has been seen since; return how many."""
    deleted = connection.execute(
        sql("DELETE FROM fraud_baselines WHERE updated_at < :before"), {"before": before}
    )
    return deleted.rowcount
