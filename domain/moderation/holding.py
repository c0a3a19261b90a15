"""Holding: actions that count are taken back until somebody has decided on them.

Called by the operators' `flask fraud apply`, which names them by a policy.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.moderation.deciding import Decision, DecisionOutcome, attempt, decide_action
from domain.store.store import Store


def hold_actions(
    store: Store, actions: Iterable[tuple[UUID, str | None]], *, by: str, reason: str, now: datetime
) -> Iterator[DecisionOutcome]:
    """Hold each action, with the public reason that its player is told; yield what is taken.

    Those that are held already, voided or archived are left; so are those that are still on their
    way to the audit log. Interrupted, it may be started again. Raises DatabaseUnavailableError.
    """
    for action_id, public_reason in actions:
        hold = partial(
            decide_action,
            store,
            action_id=action_id,
            decision=Decision.HOLD,
            by=by,
            reason=reason,
            now=now,
            public_reason=public_reason,
            is_one_of_many=True,
        )
        if (outcome := attempt(hold)) is not None:
            yield outcome
