"""Review: a person's decision on an action that is held (`quarantined`) or has failed (`failed`).

Called by the operators' `flask actions` commands. A decision only makes the action pending again;
the pipeline then scores, audits and broadcasts it like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.model import Status
from domain.errors import DatabaseUnavailableError, NotFoundError, TransientError
from domain.fraud.model import Verdict
from domain.store.postgres.actions.reviews import (
    FailedFilter,
    FailedKey,
    HeldAction,
    count_failed,
    find_action_state,
    list_failed,
    list_held_actions,
    reopen_action,
)
from domain.store.store import Store

logger = structlog.get_logger(__name__)

REVIEW_REJECTED = "REVIEW_REJECTED"
RETRY_PAGE = 200


class Decision(StrEnum):
    """What a person decides."""

    RELEASE = "release"
    """Let a held action count."""
    REJECT = "reject"
    """Reject a held action."""
    RETRY = "retry"
    """Send a failed action through the pipeline again."""


@dataclass(frozen=True, slots=True)
class _Rule:
    decides_on: Status
    verdict: Verdict | None
    reason: str | None


_RULES: Mapping[Decision, _Rule] = {
    Decision.RELEASE: _Rule(Status.QUARANTINED, Verdict.PASS, None),
    Decision.REJECT: _Rule(Status.QUARANTINED, Verdict.REJECT, REVIEW_REJECTED),
    # The first verdict stays; without one, the screening of the retry gives it.
    Decision.RETRY: _Rule(Status.FAILED, None, None),
}


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
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


def review_action(
    store: Store, *, action_id: UUID, decision: Decision, by: str, note: str, now: datetime
) -> ReviewOutcome:
    """Record the decision and make the action pending again, in one transaction.

    The caller submits the batch; without that, the keeper does after two seconds.
    Of two decisions at once, one is taken. Raises NotFoundError for an unknown or archived id,
    TransientError while the audit log does not have the status to decide on (an action that left
    its batch now would never get that entry), and DatabaseUnavailableError.
    """
    rule = _RULES[decision]
    batch_id = uuid4()
    with store.write() as connection:
        state = find_action_state(connection, action_id=action_id)
        if state is None:
            raise NotFoundError("There is no such action, or it is archived")
        if state.status != rule.decides_on:
            return ReviewOutcome(Status(state.status))
        if not state.is_recorded:
            raise TransientError(
                "The action is still on its way to the audit log; try again shortly"
            )
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
            review={"decision": decision, "by": by, "note": note, "at": now.isoformat()},
        ):
            # Another decision came first, and its batch has the action.
            return ReviewOutcome(Status.PENDING)
    logger.info(
        "action reviewed", action_id=str(action_id), batch_id=str(batch_id), decision=decision
    )
    return ReviewOutcome(Status.PENDING, batch_id, stage)


@dataclass(frozen=True, slots=True)
class RetryProgress:
    """How many failed actions were sent through the pipeline again, and how many were not."""

    retried: int = 0
    left: int = 0
    """Decided on by somebody else just now, or still on their way to the audit log."""


def count_failed_actions(store: Store) -> int:
    """Return how many actions have failed. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        return count_failed(connection)


def retry_failed_actions(
    store: Store, *, wanted: FailedFilter, by: str, note: str, now: datetime
) -> Iterator[RetryProgress]:
    """Retry every failed action that is wanted, oldest first; yield the progress now and then.

    Interrupted, it may be started again. Raises DatabaseUnavailableError.
    """
    after: FailedKey | None = None
    progress = RetryProgress()
    while True:
        with store.write() as connection:
            failed = list_failed(connection, wanted=wanted, after=after, limit=RETRY_PAGE)
        if not failed:
            return
        retried = sum(
            _retry(store, action_id=action_id, by=by, note=note, now=now) for _, action_id in failed
        )
        progress = RetryProgress(progress.retried + retried, progress.left + len(failed) - retried)
        yield progress
        after = failed[-1][0]


def _retry(store: Store, *, action_id: UUID, by: str, note: str, now: datetime) -> bool:
    """Retry one action; return False when that is not possible now."""
    try:
        outcome = review_action(
            store, action_id=action_id, decision=Decision.RETRY, by=by, note=note, now=now
        )
    except DatabaseUnavailableError:
        raise
    except (TransientError, NotFoundError):
        return False
    return outcome.batch_id is not None
