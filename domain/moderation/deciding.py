"""Decisions: what a person decides of an action that is applied, held, voided or failed.

Called by moderators' requests and the `flask actions` commands. A decision only makes a batch of
the one action; the pipeline then scores, audits and broadcasts it like any other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import structlog

from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.model import Status
from domain.errors import DatabaseUnavailableError, NotFoundError, TransientError
from domain.fraud.model import Verdict
from domain.moderation.acts import BATCHES, record_act
from domain.moderation.claims import hold_case, settle_decision
from domain.moderation.model import ActKind
from domain.store.postgres.actions.reviews import (
    ActionState,
    HeldAction,
    NewBatch,
    copy_action,
    find_action_state,
    list_held_actions,
    reopen_action,
)
from domain.store.postgres.moderation.traces import find_outcome
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

REVIEW_REJECTED = "REVIEW_REJECTED"
LOOK_EVERY_SECONDS = 0.05
VOIDED_BY_MODERATOR = "VOIDED_BY_MODERATOR"
HELD_BY_MODERATOR = "HELD_BY_MODERATOR"


class Decision(StrEnum):
    """What a person decides."""

    RELEASE = "release"
    """Let a held or rejected action count."""
    REJECT = "reject"
    """Reject a held action."""
    RETRY = "retry"
    """Send a failed action through the pipeline again."""
    VOID = "void"
    """Take an applied action back, as if it had never counted."""
    RESTORE = "restore"
    """Let a voided action count again."""
    HOLD = "hold"
    """Take an applied action back until it is decided on."""


@dataclass(frozen=True, slots=True)
class _Rule:
    decides_on: tuple[Status, ...]
    verdict: Verdict | None
    reason: str | None


_RULES: Mapping[Decision, _Rule] = {
    Decision.RELEASE: _Rule((Status.QUARANTINED, Status.REJECTED), Verdict.PASS, None),
    Decision.REJECT: _Rule((Status.QUARANTINED,), Verdict.REJECT, REVIEW_REJECTED),
    # The first verdict stays; without one, the screening of the retry gives it.
    Decision.RETRY: _Rule((Status.FAILED,), None, None),
    Decision.VOID: _Rule((Status.APPLIED,), Verdict.VOID, VOIDED_BY_MODERATOR),
    Decision.RESTORE: _Rule((Status.VOIDED,), Verdict.PASS, None),
    Decision.HOLD: _Rule((Status.APPLIED,), Verdict.HOLD, HELD_BY_MODERATOR),
}
# The others answer no appeal and close no case: what is retried or held is judged later.
_REVIEWS = frozenset(Decision) - {Decision.RETRY, Decision.HOLD}


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """Whether the decision was taken: the action is then in the batch `batch_id`, at `stage`.

    Without a batch nothing was done, because the action's status was `status`.
    """

    status: Status
    batch_id: UUID | None = None
    stage: Stage | None = None


def list_actions_to_review(
    store: Store, *, statuses: Sequence[Status], limit: int
) -> list[HeldAction]:
    """Return the actions that need a decision, oldest first. Raises DatabaseUnavailableError."""
    with store.write() as connection:
        return list_held_actions(connection, statuses=statuses, limit=limit)


def decide_action(
    store: Store,
    *,
    action_id: UUID,
    decision: Decision,
    by: str,
    reason: str,
    now: datetime,
    public_reason: str | None = None,
    is_one_of_many: bool = False,
) -> DecisionOutcome:
    """Record the decision and put the action on its way, in one transaction.

    A held, rejected, failed or voided action is pending from then on. An applied one stays applied
    until *score* takes it back, in one transaction. `public_reason` is what the player of a held
    action is told, instead of HELD_BY_MODERATOR. `is_one_of_many` is for holds and retries that
    nobody has judged one by one: they go beside the player's case, whoever has claimed it.

    The caller submits the batch; without that, the keeper does after two seconds.
    Of two decisions at once, one is taken. Raises NotFoundError for an unknown or archived id,
    TransientError while the audit log does not have the status to decide on (an action that left
    its batch now would never get that entry), CaseClaimedError when another moderator has claimed
    the player's case, ForbiddenError for the moderator's own action, and DatabaseUnavailableError.
    """
    rule = _RULES[decision]
    with store.write() as connection:
        state = _find_state(connection, action_id)
        if state.status not in rule.decides_on:
            return DecisionOutcome(Status(state.status))
        _require_recorded(state)
        case = None
        if decision in _REVIEWS or not is_one_of_many:
            case = hold_case(connection, user_id=state.user_id, by=by, now=now)
        review = {"decision": decision, "by": by, "note": reason, "at": now.isoformat()}
        batch = _make_batch(state, rule, review, public_reason)
        if not _put_on_its_way(connection, state, batch):
            # Another decision came first, and its batch has the action.
            return DecisionOutcome(Status.PENDING)
        if decision in _REVIEWS:
            settle_decision(
                connection, case=case, action_id=action_id, is_granted=rule.verdict is Verdict.PASS
            )
        record_act(
            connection,
            kind=ActKind(decision),
            by=by,
            user_id=state.user_id,
            action_id=action_id,
            case_id=case.case_id if case else None,
            reason=reason,
            details={BATCHES: [str(state.batch_id), str(batch.batch_id)]},
        )
    ids = {"action_id": str(action_id), "batch_id": str(batch.batch_id)}
    logger.info("action decided", **ids, decision=decision)
    return DecisionOutcome(Status.PENDING, batch.batch_id, batch.stage)


def attempt(decide: Callable[[], DecisionOutcome]) -> DecisionOutcome | None:
    """Return what a decision came to; None when it was not taken, for one of many actions.

    It is archived, was decided on just now, or is still on its way to the audit log. Raises
    DatabaseUnavailableError.
    """
    try:
        outcome = decide()
    except DatabaseUnavailableError:
        raise
    except (NotFoundError, TransientError):
        return None
    return outcome if outcome.batch_id is not None else None


def _find_state(connection: Connection, action_id: UUID) -> ActionState:
    state = find_action_state(connection, action_id=action_id)
    if state is None:
        raise NotFoundError("There is no such action, or it is archived")
    return state


def _require_recorded(state: ActionState) -> None:
    if not state.is_recorded:
        raise TransientError("The action is still on its way to the audit log; try again shortly")


def _put_on_its_way(connection: Connection, state: ActionState, batch: NewBatch) -> bool:
    put = copy_action if state.status == Status.APPLIED else reopen_action
    return put(connection, state=state, batch=batch)


def _make_batch(
    state: ActionState, rule: _Rule, review: dict[str, Any], public_reason: str | None
) -> NewBatch:
    keeps = rule.verdict is None
    verdict = state.verdict if keeps else rule.verdict
    reason = state.verdict_reason if keeps else rule.reason
    if rule.verdict is Verdict.HOLD and public_reason is not None:
        reason = public_reason
    stage = (SCREEN if verdict is None else SCORE).before
    return NewBatch(uuid4(), stage, verdict, reason, review)


def await_outcome(
    store: Store,
    *,
    batch_id: UUID,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Status:
    """Wait for what the pipeline makes of a decision; return the action's status, perhaps PENDING.

    Raises DatabaseUnavailableError.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with store.write() as connection:
            status = find_outcome(connection, batch_id=batch_id)
        if status is not None:
            return Status(status)
        if time.monotonic() >= deadline:
            return Status.PENDING
        sleep(LOOK_EVERY_SECONDS)
