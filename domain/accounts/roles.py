"""Roles of accounts: given and taken away by operators, and in every token of a login.

Called by the `flask roles` commands. Tokens that an operator issues, those of another identity
provider and API keys have the roles that they name themselves.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from domain.accounts.sessions import revoke_user
from domain.errors import NotFoundError
from domain.store.postgres.accounts.identities import find_identity_of
from domain.store.postgres.accounts.roles import delete_role, insert_role, list_holders
from domain.store.store import Store

logger = structlog.get_logger(__name__)


def grant_role(store: Store, *, user_id: UUID, role: str) -> bool:
    """Give a registered player a role, from the next login or refresh on.

    Returns False for one who has it. Raises NotFoundError for who is not registered: without a
    password nobody logs in here.
    """
    with store.write() as connection:
        identity = find_identity_of(connection, user_id=user_id)
        if identity is None or identity.password_hash is None:
            raise NotFoundError("There is no account with a password of this id")
        is_new = insert_role(connection, user_id=user_id, role=role)
    if is_new:
        logger.info("role granted", user_id=str(user_id), role=role)
    return is_new


def take_role(store: Store, *, user_id: UUID, role: str, until: datetime) -> bool:
    """Take a role away, and end every session and token of the user, which expire by `until`.

    Returns False for who has not got it: their sessions end too, because a process that died here
    may have come no further than taking it.
    """
    with store.write() as connection:
        had_role = delete_role(connection, user_id=user_id, role=role)
    # After the role is gone: who logs in from here on gets a token without it.
    revoke_user(store, user_id=user_id, until=until)
    if had_role:
        logger.info("role taken away", user_id=str(user_id), role=role)
    return had_role


def list_role_holders(store: Store) -> Sequence[tuple[UUID, str, str]]:
    """Return the id, the name and a role of everybody who has one, by name."""
    with store.write() as connection:
        return list_holders(connection)
