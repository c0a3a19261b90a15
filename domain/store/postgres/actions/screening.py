"""SQL of screening: a batch's candidates, their players' windows, and the verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.actions.chain import SCREEN
from domain.fraud.candidate import Candidate
from domain.fraud.judging import ALL_PASSED
from domain.fraud.model import Screening, Verdict
from domain.fraud.signals import Window
from domain.store.postgres.actions.batches import IS_FRESH, MOVE, move_parameters
from domain.store.postgres.actions.entries import ENTRY_COLUMNS, Verdicts
from domain.store.postgres.stages import IS_PENDING
from domain.store.postgres.statements import hot, sql


@dataclass(frozen=True, slots=True)
class ClaimedEntry:
    """A batch that *screen* has claimed: its actions, and what is known of some of them before."""

    created_at: datetime
    candidates: Sequence[Candidate]
    verdicts: Verdicts


_CLAIM = hot(
    f"{MOVE} AND ({IS_FRESH} OR :stalled) RETURNING created_at,"
    f" CAST(extract(epoch FROM created_at) * 1000000 AS bigint), {ENTRY_COLUMNS},"
    " timestamps_us, CAST(verdicts AS text),"
    # Intake made both rows, so there should be none.
    " ARRAY(SELECT a.action_no FROM unnest(action_nos, action_ids) AS a(action_no, action_id)"
    "   LEFT JOIN action_ids i ON i.action_id = a.action_id"
    "   WHERE i.action_no IS DISTINCT FROM a.action_no)"
)


def claim_entry(connection: Connection, *, batch_id: UUID, stalled: bool) -> ClaimedEntry | None:
    """Move a batch to SCREENED, lock it and return its actions; None when it is not its turn.

    Unless `stalled`, only a batch that the keeper has not found stalled.
    """
    parameters = {**move_parameters(batch_id, SCREEN), "stalled": stalled}
    row = _CLAIM.run(connection, parameters).fetchone()
    if row is None:
        return None
    created_at, created_us, numbers, ids, users, scores, timestamps_us, verdicts, strangers = row
    accepted = repeat(created_us)
    holds_id = [number not in strangers for number in numbers] if strangers else repeat(True)
    candidates = list(
        map(Candidate, numbers, ids, users, scores, accepted, timestamps_us, holds_id)
    )
    return ClaimedEntry(created_at, candidates, orjson.loads(verdicts) if verdicts else {})


# What is scored has a row, and what is not is in the arrays of its batch; no action is both but
# those that a review has reopened, whose rows are pending.
_WINDOWS = hot(
    "WITH screened AS MATERIALIZED (SELECT * FROM"
    " unnest(CAST(:users AS uuid[]), CAST(:numbers AS bigint[])) t(user_id, before_no))"
    " SELECT CAST(t.user_id AS text), w.actions, w.score"
    " FROM screened t CROSS JOIN LATERAL ("
    "   SELECT count(*) FILTER (WHERE a.created_at > :minute_before) actions,"
    "     sum(a.score_delta) score"
    "   FROM user_actions a"
    "   WHERE a.user_id = t.user_id AND a.action_no < t.before_no"
    "   AND a.created_at > :hour_before AND a.created_at <= :at"
    "   AND a.status NOT IN ('rejected', 'pending')"
    " ) w WHERE w.score IS NOT NULL"
    " UNION ALL"
    " SELECT CAST(t.user_id AS text), count(*) FILTER (WHERE e.created_at > :minute_before),"
    "   sum(e.score)"
    # Set-returning functions in the list take a fraction of the time of a lateral join.
    " FROM (SELECT created_at, verdicts, unnest(user_ids) AS user_id,"
    "     unnest(action_nos) AS action_no, unnest(scores) AS score"
    f"   FROM action_batches WHERE {IS_PENDING} AND batch_id <> CAST(:batch_id AS uuid)"
    "   AND created_at > :hour_before AND created_at <= :at) e"
    " JOIN screened t ON t.user_id = e.user_id AND e.action_no < t.before_no"
    # The same again, looked up in a hash table before the join makes one of all that is pending.
    " WHERE e.user_id = ANY(CAST(:users AS uuid[])) AND (e.verdicts IS NULL OR"
    f"  e.verdicts -> CAST(e.action_no AS text) ->> 'verdict' IS DISTINCT FROM '{Verdict.REJECT}')"
    " GROUP BY t.user_id"
)


def read_windows(
    connection: Connection, *, batch_id: UUID, before: Mapping[str, int], at: datetime
) -> dict[str, Window]:
    """Return each user's window at `at` over the actions numbered below `before[user]`.

    Pending actions of other batches count and rejected ones do not, whether they are scored yet or
    not. A user without earlier actions is absent.
    """
    rows = _WINDOWS.run(
        connection,
        {
            "batch_id": batch_id,
            "users": list(before),
            "numbers": list(before.values()),
            "at": at,
            "minute_before": at - timedelta(minutes=1),
            "hour_before": at - timedelta(hours=1),
        },
    )
    windows: dict[str, Window] = {}
    for user_id, actions, score in rows.fetchall():
        window = windows.setdefault(user_id, Window())
        window.actions_last_minute += actions
        window.score_last_hour += int(score)
    return windows


def write_verdicts(
    connection: Connection,
    *,
    batch_id: UUID,
    known: Verdicts,
    screenings: Mapping[int, Screening],
) -> None:
    """Store the verdicts, by action_no; writes nothing when every action passed every check.

    An action that has a verdict already, of a review, keeps it.
    """
    verdicts = dict(known)
    if not known and all(screening.checks is ALL_PASSED for screening in screenings.values()):
        return
    for number, screening in screenings.items():
        before = known.get(str(number), {})
        if "verdict" not in before and (before or screening.checks is not ALL_PASSED):
            verdicts[str(number)] = {
                "verdict": screening.verdict,
                "reason": screening.reason,
                "checks": {**screening.checks, **before.get("checks", {})},
            }
    if verdicts:
        connection.execute(
            sql(
                "UPDATE action_batches SET verdicts = CAST(:verdicts AS jsonb)"
                " WHERE batch_id = :batch_id"
            ),
            {"batch_id": batch_id, "verdicts": orjson.dumps(verdicts).decode()},
        )
