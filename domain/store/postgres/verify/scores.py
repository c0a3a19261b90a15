"""SQL that compares scores and statistics with the applied actions, archived ones included.

Called by `domain/verification`.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection, text

# The rows alone give `latest` and `first_at` only for users without archived actions.
_BY_USER = """
WITH live AS (
    SELECT user_id, count(*) AS actions, sum(score_delta) AS score,
        max(action_no) FILTER (WHERE score_delta > 0) AS latest, min(action_no) AS earliest,
        min(created_at) AS first_at, max(created_at) AS last_at
    FROM user_actions WHERE status = 'applied' GROUP BY user_id
), expected AS (
    SELECT s.user_id, s.score AS stored_score, s.reached_seq,
        coalesce(l.score, 0) + coalesce(t.applied_score, 0) AS score,
        coalesce(l.actions, 0) + coalesce(t.applied_actions, 0) AS actions,
        CASE WHEN l.latest IS NOT NULL THEN l.latest
            WHEN t.user_id IS NOT NULL THEN s.reached_seq ELSE l.earliest END AS reached,
        CASE WHEN t.user_id IS NULL THEN l.first_at ELSE s.first_action END AS first_at,
        CASE WHEN t.user_id IS NULL THEN l.last_at ELSE coalesce(l.last_at, s.last_action) END
            AS last_at,
        s.total_actions AS stored_actions, s.first_action, s.last_action
    FROM (SELECT user_id, score, coalesce(reached_seq, nullif(withheld_seq, 0)) AS reached_seq,
            total_actions, first_action, last_action FROM user_scores) s
    LEFT JOIN live l USING (user_id)
    LEFT JOIN archived_totals t USING (user_id)
)
SELECT user_id, CASE
    WHEN stored_score <> score
        THEN 'has the score ' || stored_score || ', the actions add up to ' || score
    WHEN reached_seq IS DISTINCT FROM reached
        THEN 'reached the score at ' || coalesce(reached_seq::text, 'none')
            || ', by the actions at ' || coalesce(reached::text, 'none')
    WHEN stored_actions <> actions
        THEN 'has ' || stored_actions || ' actions in the statistics, applied are ' || actions
    ELSE 'has other times in the statistics than its actions' END
FROM expected
WHERE stored_score <> score OR reached_seq IS DISTINCT FROM reached OR stored_actions <> actions
    OR first_action IS DISTINCT FROM first_at OR last_action IS DISTINCT FROM last_at
ORDER BY user_id LIMIT :limit
"""

_SUMS = """
SELECT (SELECT coalesce(sum(score), 0) FROM user_scores) AS scores,
    (SELECT coalesce(sum(score_delta), 0) FROM user_actions WHERE status = 'applied') AS live,
    (SELECT coalesce(sum(applied_score), 0) FROM archived_totals) AS totals,
    (SELECT coalesce(sum(applied_score), 0) FROM archived_partitions) AS archived
"""


def list_score_mismatches(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield users whose score, tie-breaker or statistics differ from their actions."""
    for row in connection.execute(text(_BY_USER), {"limit": limit}):
        yield row[0], row[1]


_BY_BAN = """
SELECT user_id, CASE WHEN b.user_id IS NULL THEN 'is off the boards, and no ban runs'
    ELSE 'is banned, and not taken off the boards' END
FROM user_scores s FULL JOIN (SELECT user_id FROM bans WHERE ended_at IS NULL) b USING (user_id)
WHERE (s.withheld_seq IS NOT NULL) <> (b.user_id IS NOT NULL) ORDER BY user_id LIMIT :limit
"""


def list_ban_mismatches(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield users who are withheld without a ban, or banned and not withheld."""
    for row in connection.execute(text(_BY_BAN), {"limit": limit}):
        yield row[0], row[1]


def find_sum_mismatch(connection: Connection) -> str | None:
    """Return a sentence when the sums over all users do not agree."""
    sums = connection.execute(text(_SUMS)).one()
    if sums.scores != sums.live + sums.totals:
        return (
            f"all scores add up to {sums.scores}, applied actions to {sums.live}"
            f" and archived totals to {sums.totals}"
        )
    if sums.totals != sums.archived:
        return f"archived totals add up to {sums.totals}, archived partitions to {sums.archived}"
    return None
