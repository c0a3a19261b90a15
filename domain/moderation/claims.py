"""Claims: one moderator decides on a player's case at a time, and for half an hour at most.

Called by every use case that decides, in its transaction.
"""

from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import CaseClaimedError, ForbiddenError
from domain.moderation.model import AppealState
from domain.store.postgres.moderation.appeals import decide_appeals, has_open_appeals
from domain.store.postgres.moderation.cases import (
    LockedCase,
    close,
    has_held_actions,
    lock_open_case,
)
from domain.store.store import Connection

CLAIM = timedelta(minutes=30)


def require_stranger(by: str, user_id: UUID) -> None:
    """Refuse what a moderator would decide of their own account. Raises ForbiddenError."""
    if by == str(user_id):
        raise ForbiddenError("Nobody decides on their own account")


def require_unclaimed(case: LockedCase, *, by: str, now: datetime) -> None:
    """Refuse to touch a case that another has claimed. Raises CaseClaimedError."""
    if case.claimed_at is None or case.claimed_by == by:
        return
    until = case.claimed_at + CLAIM
    if until > now:
        raise CaseClaimedError(details={"by": case.claimed_by, "until": until})


def hold_case(
    connection: Connection, *, user_id: UUID, by: str, now: datetime
) -> LockedCase | None:
    """Lock the player's open case for a decision and return it; None when there is none.

    Called before the action is changed: *score* too locks the case first. Raises ForbiddenError
    for the moderator's own account, and CaseClaimedError.
    """
    require_stranger(by, user_id)
    case = lock_open_case(connection, user_id=user_id)
    if case is not None:
        require_unclaimed(case, by=by, now=now)
    return case


def settle_decision(
    connection: Connection,
    *,
    case: LockedCase | None,
    action_id: UUID,
    is_granted: bool,
) -> None:
    """Answer the appeal against the action, and close the case when nothing is left to decide.

    `is_granted` says whether the decision is in the player's favour.
    """
    state = AppealState.GRANTED if is_granted else AppealState.DECLINED
    decide_appeals(connection, state=state, action_id=action_id)
    if case is not None and not is_undecided(connection, case):
        close(connection, case_id=case.case_id)


def is_undecided(connection: Connection, case: LockedCase) -> bool:
    """Return whether an action of the case's player is held, or an appeal is open."""
    return has_held_actions(connection, user_id=case.user_id) or has_open_appeals(
        connection, user_id=case.user_id
    )
