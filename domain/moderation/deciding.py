"""Decisions: what a person decides of an action that is held (`quarantined`) or has `failed`.

Called by moderators' requests and the `flask actions` commands. A decision only makes the action
pending again; the pipeline then scores, audits and broadcasts it like any other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.model import Status
from domain.errors import NotFoundError, TransientError
from domain.fraud.model import Verdict
from domain.moderation.acts import BATCHES, record_act
from domain.moderation.claims import hold_case, settle_decision
from domain.moderation.model import ActKind
from domain.store.postgres.actions.reviews import (
    HeldAction,
    find_action_state,
    list_held_actions,
    reopen_action,
)
from domain.store.postgres.moderation.traces import find_outcome
from domain.store.store import Store

logger = structlog.get_logger(__name__)

REVIEW_REJECTED = "REVIEW_REJECTED"
LOOK_EVERY_SECONDS = 0.05


class Decision(StrEnum):
    """What a person decides."""

    RELEASE = "release"
    """Let a held or rejected action count."""
    REJECT = "reject"
    """Reject a held action."""
    RETRY = "retry"
    """Send a failed action through the pipeline again."""


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
}


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
    store: Store, *, action_id: UUID, decision: Decision, by: str, reason: str, now: datetime
) -> DecisionOutcome:
    """Record the decision and make the action pending again, in one transaction.

    The caller submits the batch; without that, the keeper does after two seconds.
    Of two decisions at once, one is taken. Raises NotFoundError for an unknown or archived id,
    TransientError while the audit log does not have the status to decide on (an action that left
    its batch now would never get that entry), CaseClaimedError when another moderator has claimed
    the player's case, ForbiddenError for the moderator's own action, and DatabaseUnavailableError.
    """
    rule = _RULES[decision]
    batch_id = uuid4()
    with store.write() as connection:
        state = find_action_state(connection, action_id=action_id)
        if state is None:
            raise NotFoundError("There is no such action, or it is archived")
        if state.status not in rule.decides_on:
            return DecisionOutcome(Status(state.status))
        if not state.is_recorded:
            raise TransientError(
                "The action is still on its way to the audit log; try again shortly"
            )
        is_review = decision is not Decision.RETRY
        case = None
        if is_review:
            case = hold_case(connection, user_id=state.user_id, by=by, now=now)
        keeps = rule.verdict is None
        verdict = state.verdict if keeps else rule.verdict
        stage = (SCREEN if verdict is None else SCORE).before
        if not reopen_action(
            connection,
            state=state,
            batch_id=batch_id,
            stage=stage,
            verdict=verdict,
            reason=state.verdict_reason if keeps else rule.reason,
            review={"decision": decision, "by": by, "note": reason, "at": now.isoformat()},
        ):
            # Another decision came first, and its batch has the action.
            return DecisionOutcome(Status.PENDING)
        if is_review:
            settle_decision(
                connection,
                case=case,
                action_id=action_id,
                is_granted=decision is Decision.RELEASE,
            )
        record_act(
            connection,
            kind=ActKind(decision),
            by=by,
            user_id=state.user_id,
            action_id=action_id,
            case_id=case.case_id if case else None,
            reason=reason,
            details={BATCHES: [str(state.batch_id), str(batch_id)]},
        )
    logger.info(
        "action decided", action_id=str(action_id), batch_id=str(batch_id), decision=decision
    )
    return DecisionOutcome(Status.PENDING, batch_id, stage)


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
