"""What one flush takes from its requests; called by the batcher."""

from collections.abc import Iterable
from uuid import UUID

from domain.actions.model import NewAction
from web.intake.pending_request import Claims, PendingRequest


def claim_actions(requests: Iterable[PendingRequest]) -> Claims:
    """Return the actions to insert: of several with the same id, the first to come."""
    claims: dict[UUID, tuple[PendingRequest, int]] = {}
    for request in requests:
        for index, action in enumerate(request.actions):
            claims.setdefault(action.action_id, (request, index))
    return claims


def list_actions(claims: Claims) -> list[NewAction]:
    """Return the claimed actions, each with the number of its request's client if it has one."""
    actions = []
    for request, index in claims.values():
        action = request.actions[index]
        if request.client is not None and request.client.number is not None:
            action = action._replace(client_no=request.client.number)
        actions.append(action)
    return actions


def list_request_ids(claims: Claims, action_ids: Iterable[UUID]) -> list[str]:
    """Return the ids of the requests that these actions came with, each once."""
    owners = (claims[action_id] for action_id in action_ids)
    return sorted({request.actions[index].request_id for request, index in owners})
