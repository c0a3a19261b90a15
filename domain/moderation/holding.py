"""Holding: actions that count are taken back until somebody has decided on them.

Called by the operators' `flask fraud apply`, which names them by a policy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import DatabaseUnavailableError, NotFoundError, TransientError
from domain.moderation.deciding import Decision, DecisionOutcome, decide_action
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class HeldNow:
    """An action that was asked for: its batch, or None when it did not count any more."""

    action_id: UUID
    outcome: DecisionOutcome | None


def hold_actions(
    store: Store, actions: Iterable[tuple[UUID, str | None]], *, by: str, reason: str, now: datetime
) -> Iterator[HeldNow]:
    """Hold each action, with the public reason that its player is told, and yield what was done.

    Those that are held already, voided or archived are left; so are those that are still on their
    way to the audit log. Interrupted, it may be started again. Raises DatabaseUnavailableError.
    """
    for action_id, public_reason in actions:
        try:
            outcome = decide_action(
                store,
                action_id=action_id,
                decision=Decision.HOLD,
                by=by,
                reason=reason,
                now=now,
                public_reason=public_reason,
            )
        except DatabaseUnavailableError:
            raise
        except (NotFoundError, TransientError):
            yield HeldNow(action_id, None)
            continue
        yield HeldNow(action_id, outcome if outcome.batch_id else None)
