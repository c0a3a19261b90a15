"""SQL of scoring: the atomic write of one batch's actions, scores and statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.actions.chain import SCORE, Stage
from domain.actions.effects import Effects, ScreenedAction
from domain.actions.model import Status
from domain.fraud.model import REVERSALS, Verdict
from domain.rankings.model import CountedAction
from domain.store.postgres.actions.batches import IS_FRESH, QUIET_SECONDS
from domain.store.postgres.actions.entries import (
    ENTRY_COLUMNS,
    TIMESTAMP,
    Verdicts,
    each_action,
    encode_outcomes,
)
from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock
from domain.store.postgres.engine import LOCK_TIMEOUT_MS
from domain.store.postgres.statements import hot, sql

NOTHING: Mapping[int, Mapping[str, str]] = MappingProxyType({})

_STATUS_BY_VERDICT = {
    Verdict.PASS: Status.APPLIED,
    Verdict.QUARANTINE: Status.QUARANTINED,
    Verdict.REJECT: Status.REJECTED,
    Verdict.VOID: Status.VOIDED,
    Verdict.HOLD: Status.QUARANTINED,
}


@dataclass(frozen=True, slots=True)
class LockedEntry:
    """A batch whose row is locked: its actions, each with the status that its verdict gives it.

    `versions` are those of the rows that its actions have already; None when they have none.
    """

    batch_id: UUID
    stage: Stage
    actions: Sequence[ScreenedAction]
    versions: Sequence[int] | None
    # Whether its one action is applied, and a moderator takes it back.
    is_reversal: bool = False

    @property
    def has_rows(self) -> bool:
        """Whether a review has reopened the actions, so that they have rows."""
        return self.versions is not None

    @property
    def open_verdict(self) -> Verdict | None:
        """The verdict on an action of which the row says nothing."""
        return Verdict.PASS if self.stage is SCORE.before else None


# The time limit of locks is set without a round trip, for the statements that follow. So is the
# lock by which a change of the boards and this transaction wait for each other.
_LOCK = hot(
    f"SELECT {ENTRY_COLUMNS}, CAST(verdicts AS text), versions,"
    " set_config('lock_timeout', CAST(:lock_wait AS text), true),"
    f" pg_advisory_xact_lock_shared({NAMESPACE}, {AdvisoryLock.CATALOG.value})"
    " FROM action_batches WHERE batch_id = :batch_id AND stage = :stage"
    f" AND ({IS_FRESH} OR :stalled) FOR NO KEY UPDATE"
)


def lock_entry(
    connection: Connection,
    *,
    batch_id: UUID,
    stage: Stage = SCORE.before,
    stalled: bool = True,
    lock_wait_ms: int = LOCK_TIMEOUT_MS,
) -> LockedEntry | None:
    """Lock a batch and return its actions in order of action_no; None when it is not at `stage`.

    Unless `stalled`, only a batch that the keeper has not found stalled. The statements after it
    wait up to `lock_wait_ms` for a lock.
    """
    row = _LOCK.run(
        connection,
        {
            "batch_id": batch_id,
            "stage": stage,
            "stalled": stalled,
            "lock_wait": str(lock_wait_ms),
        },
    ).fetchone()
    if row is None:
        return None
    numbers, ids, users, scores, text, versions, *_ = row
    actions = list(map(ScreenedAction, numbers, ids, users, scores))
    is_reversal = False
    if text:
        verdicts: Verdicts = orjson.loads(text)
        actions = [_judge(action, verdicts.get(str(action.action_no))) for action in actions]
        is_reversal = any(found.get("verdict") in REVERSALS for found in verdicts.values())
    return LockedEntry(batch_id, stage, actions, versions, is_reversal)


def _judge(action: ScreenedAction, found: Mapping[str, Any] | None) -> ScreenedAction:
    if found is None or "verdict" not in found:
        return action
    status = _STATUS_BY_VERDICT[Verdict(found["verdict"])]
    return action._replace(status=status, reason=found.get("reason"))


_FACTS = hot(
    "SELECT created_at, action_types, CASE WHEN :with_metadata THEN CAST(metadata AS text[]) END"
    " FROM action_batches WHERE batch_id = :batch_id"
)


def read_facts(
    connection: Connection, *, entry: LockedEntry, with_metadata: bool
) -> list[CountedAction]:
    """Return the locked batch's actions as the boards see them, in order of action_no."""
    accepted_at, types, metadata = _FACTS.run(
        connection, {"batch_id": entry.batch_id, "with_metadata": with_metadata}
    ).fetchone()
    return [
        CountedAction(action.action_no, action.user_id, kind, action.score, text, accepted_at)
        for action, kind, text in zip(
            entry.actions, types, metadata or repeat(None), strict=bool(metadata)
        )
    ]


_FINAL = each_action(
    {
        "status": "CAST(:statuses AS text[])",
        "reason": "CAST(:reasons AS text[])",
        "previous": "CAST(:previous AS bigint[])",
        "new": "CAST(:new AS bigint[])",
    }
)
# Independent writes.
_WRITE = f"""
WITH final AS (
    SELECT b.created_at, b.policy_no, b.verdicts -> CAST(e.action_no AS text) AS found,
        CAST(:uncounted AS jsonb) -> CAST(e.action_no AS text) AS uncounted, e.*
    FROM action_batches b, {_FINAL}
    WHERE b.batch_id = CAST(:batch_id AS uuid)
), written AS (
    %s
    RETURNING 1
), changes AS (
    SELECT * FROM unnest(CAST(:users AS uuid[]), CAST(:scores AS bigint[]),
        CAST(:reached AS bigint[]), CAST(:counts AS integer[]))
        AS t(user_id, score, reached_seq, actions),
        (SELECT created_at AS at FROM action_batches WHERE batch_id = CAST(:batch_id AS uuid)) b
), scored AS (
    UPDATE user_scores s SET score = c.score,
        reached_seq = CASE WHEN s.withheld_seq IS NULL THEN c.reached_seq END,
        withheld_seq = CASE WHEN s.withheld_seq IS NOT NULL THEN c.reached_seq END,
        version = s.version + 1, last_updated = statement_timestamp(),
        total_actions = s.total_actions + c.actions,
        first_action = least(s.first_action, c.at), last_action = greatest(s.last_action, c.at)
    FROM changes c WHERE s.user_id = c.user_id
), moved AS (
    UPDATE action_batches SET stage = :stage, attempts = 0, looks = 0,
        updated_at = statement_timestamp(), scored_at = statement_timestamp(),
        next_look_at = statement_timestamp() + make_interval(secs => :quiet), outcomes = :outcomes,
        uncounted = CAST(:uncounted AS jsonb), rankings = CAST(:rankings AS bigint[])
    WHERE batch_id = CAST(:batch_id AS uuid)
)
SELECT count(*) FROM written
"""
_INSERT = hot(
    _WRITE
    % f"""
    INSERT INTO user_actions (action_id, user_id, score_delta, action_type, timestamp, metadata,
        created_at, action_no, batch_id, status, version, reason, previous_score, new_score,
        request_id, completed_at, verdict, verdict_reason, checks, uncounted, client_no, step_up,
        policy_no)
    SELECT action_id, user_id, score, action_type,
        {TIMESTAMP}, metadata, created_at, action_no, CAST(:batch_id AS uuid),
        status, 1, reason, previous, new, request_id, statement_timestamp(),
        coalesce(found ->> 'verdict', :verdict), found ->> 'reason', found -> 'checks', uncounted,
        client_no, step_up, policy_no
    FROM final ORDER BY user_id, action_no
"""
)
# Not `prepared`, because it updates a partitioned table.
_UPDATE = sql(
    _WRITE
    % """
    UPDATE user_actions a SET status = f.status, version = f.version + 1, reason = f.reason,
        previous_score = f.previous, new_score = f.new, completed_at = statement_timestamp(),
        verdict = coalesce(f.found ->> 'verdict', :verdict),
        verdict_reason = f.found ->> 'reason', checks = f.found -> 'checks',
        uncounted = f.uncounted, policy_no = coalesce(f.policy_no, a.policy_no)
    FROM final f
    WHERE a.user_id = f.user_id AND a.action_no = f.action_no AND a.created_at = f.created_at
    AND a.batch_id = CAST(:batch_id AS uuid) AND a.status = 'pending' AND a.version = f.version
"""
)


def write_effects(
    connection: Connection,
    *,
    entry: LockedEntry,
    effects: Effects,
    uncounted: Mapping[int, Mapping[str, str]] = NOTHING,
    rankings: Sequence[int] = (),
) -> int:
    """Write actions, scores and statistics, and move the batch to SCORED.

    `uncounted` says by action_no and board why an action does not count there; `rankings` are those
    whose rows the caller's transaction changes.

    Return how many actions were written: fewer than effects when another transaction has changed
    one that has a row. The caller holds the locks of the batch and of the scores, and rolls back
    then.
    """
    actions, changes = effects.actions, effects.users
    versions = entry.versions or [0] * len(actions)
    write = _write_again if entry.has_rows else _INSERT.run
    written = write(
        connection,
        {
            "batch_id": str(entry.batch_id),
            "stage": SCORE.after,
            "quiet": QUIET_SECONDS,
            "verdict": entry.open_verdict,
            "uncounted": _encode_uncounted(uncounted),
            "rankings": list(rankings) or None,
            "outcomes": encode_outcomes(
                (*effect, version + 1) for effect, version in zip(actions, versions, strict=True)
            ),
            "statuses": [effect.status.value for effect in actions],
            "reasons": [effect.reason for effect in actions],
            "previous": [effect.previous_score for effect in actions],
            "new": [effect.new_score for effect in actions],
            "users": [change.user_id for change in changes],
            "scores": [change.score.score for change in changes],
            "reached": [change.score.reached_seq for change in changes],
            "counts": [change.applied_actions for change in changes],
        },
    ).fetchone()
    return int(written[0])


def _encode_uncounted(uncounted: Mapping[int, Mapping[str, str]]) -> str | None:
    if not uncounted:
        return None
    return orjson.dumps(uncounted, option=orjson.OPT_NON_STR_KEYS).decode()


def _write_again(connection: Connection, parameters: Mapping[str, Any]) -> Any:
    return connection.execute(_UPDATE, parameters)
