"""Whose account it is: its identity, for a change that needs the current password.

Called by the use cases of accounts and of second factors.
"""

from uuid import UUID

from domain.accounts.passwords import Passwords
from domain.store.postgres.accounts.identities import Identity, find_identity_of
from domain.store.store import Store


def check_owner(
    store: Store, passwords: Passwords, *, user_id: UUID, password: str | None
) -> Identity | None:
    """Return the identity, if there is one; raises InvalidCredentialsError unless it is theirs."""
    with store.write() as connection:
        identity = find_identity_of(connection, user_id=user_id)
    passwords.require(identity.password_hash if identity else None, password)
    return identity
