"""Appeals: a player asks once for another look at what was decided of an action.

Called by the routes of actions.
"""

from uuid import UUID

from domain.actions.model import Status
from domain.errors import AlreadyAppealedError, NotFoundError, StatusConflictError
from domain.moderation.model import AppealState
from domain.store.postgres.actions.stored_actions import list_stored_actions
from domain.store.postgres.moderation.appeals import AppealRow, find_appeal, insert_appeal
from domain.store.postgres.moderation.cases import open_cases
from domain.store.store import Connection, Store

APPEALABLE = (Status.REJECTED, Status.QUARANTINED, Status.VOIDED)


def appeal(store: Store, *, action_id: UUID, user_id: UUID, message: str) -> AppealRow:
    """Appeal against an action of the player and open their case, or note a new signal in it.

    Of two appeals at once one is taken. Raises NotFoundError for an unknown or archived action and
    another player's, AlreadyAppealedError, StatusConflictError, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        _find_own_status(connection, action_id, user_id)
        # A decision locks the case too, so none comes between the second look and the appeal.
        open_cases(connection, user_ids=[str(user_id)])
        status = _find_own_status(connection, action_id, user_id)
        if find_appeal(connection, action_id=action_id) is not None:
            raise AlreadyAppealedError
        if status not in APPEALABLE:
            raise StatusConflictError(details={"status": status})
        created_at = insert_appeal(
            connection, action_id=action_id, user_id=user_id, message=message
        )
    return AppealRow(action_id, message, created_at, AppealState.OPEN, None)


def _find_own_status(connection: Connection, action_id: UUID, user_id: UUID) -> str:
    stored = list_stored_actions(connection, action_ids=[action_id]).get(action_id)
    if stored is None or stored.status is None or stored.user_id != user_id:
        raise NotFoundError("There is no such action")
    return stored.status
