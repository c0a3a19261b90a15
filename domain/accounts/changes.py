"""Changes that players make to their own account: name, password, attributes, and its end.

Called by `web/routes/own/own_account.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.accounts.erasing import erase_traces
from domain.accounts.following import Moves, change_attributes, erase_attributes, show_moves
from domain.accounts.identity import require_username
from domain.accounts.names import unpredictable_username
from domain.accounts.ownership import check_owner
from domain.accounts.passwords import Passwords
from domain.accounts.publishing import forget_name, show_name
from domain.boards.model import BoardId
from domain.errors import (
    ForbiddenError,
    InvalidCredentialsError,
    NotFoundError,
    UnstorableDataError,
    UsernameTakenError,
)
from domain.store.postgres.accounts.identities import (
    Identity,
    erase_identity,
    find_identity_of,
    rename_identity,
    replace_password,
)
from domain.store.postgres.accounts.revocations import RevocationKind, insert_revocation
from domain.store.postgres.accounts.sessions import delete_other_sessions, delete_sessions_of
from domain.store.postgres.accounts.tickets import delete_tickets_of
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What a player wants changed: what is not None; of the attributes, None removes one."""

    username: str | None = None
    password: str | None = None
    attributes: Mapping[str, str | None] | None = None


def change_account(
    store: Store,
    passwords: Passwords,
    *,
    board: BoardId,
    user_id: UUID,
    change: AccountChange,
    current_password: str | None,
    session_id: UUID | None,
    until: datetime,
    now: datetime,
) -> str:
    """Change the account, and return the name. Attributes alone need no password.

    A new password ends the player's other sessions than `session_id`; their access tokens expire by
    `until`. Rows of boards that are split by an attribute follow it. Raises InvalidPayloadError for
    a name or an attribute that is not allowed, RateLimitExceededError for too many changes of
    attributes, UsernameTakenError, InvalidCredentialsError for a
    wrong current password, ForbiddenError for a password of an account that has none (another
    identity provider's), NotFoundError, or OverloadedError.
    """
    name = None if change.username is None else require_username(change.username)
    identity = _find_owner(store, passwords, user_id, change, current_password)
    new_hash = None if change.password is None else passwords.hash(change.password)
    is_renamed = name is not None and name != identity.username
    moves: Moves = []
    try:
        with store.write() as connection:
            if change.attributes is not None:
                moves = change_attributes(
                    connection, user_id=user_id, changes=change.attributes, now=now
                )
            if is_renamed and name is not None:
                _rename(connection, identity, name, now)
            if new_hash is not None:
                _set_password(connection, identity, new_hash, session_id, until)
    except UnstorableDataError as error:
        if not is_renamed:
            raise
        # Another player took the name in the same moment.
        raise UsernameTakenError from error
    if new_hash is not None:
        announce_revocation(store.redis)
    if is_renamed:
        show_name(store, board=board, user_id=user_id, now=now)
    show_moves(store, moves)
    return name or identity.username


def delete_account(
    store: Store,
    passwords: Passwords,
    *,
    board: BoardId,
    user_id: UUID,
    current_password: str | None,
    until: datetime,
    now: datetime,
) -> None:
    """Destroy the identity, and keep the scores under a name that says nothing.

    Name, password, attributes, sessions, tickets and what `erase_traces` says are gone; access
    tokens, which expire by `until`, are revoked. Actions that are still pending are applied. Of a
    player of whom nothing is stored, only the tokens end. Raises InvalidCredentialsError for a
    wrong password, or OverloadedError.
    """
    identity = check_owner(store, passwords, user_id=user_id, password=current_password)
    with store.write() as connection:
        erase_traces(connection, user_id=user_id)
        erase_attributes(connection, user_id=user_id)
        if identity is not None and not erase_identity(
            connection, identity=identity, pseudonym=unpredictable_username(), now=now
        ):
            raise InvalidCredentialsError
        delete_sessions_of(connection, user_id=user_id)
        delete_tickets_of(connection, user_id=user_id)
        insert_revocation(
            connection, kind=RevocationKind.USER, subject=str(user_id), expires_at=until
        )
    announce_revocation(store.redis)
    show_name(store, board=board, user_id=user_id, now=now)
    forget_name(store, board=board)


def _find_owner(
    store: Store,
    passwords: Passwords,
    user_id: UUID,
    change: AccountChange,
    current_password: str | None,
) -> Identity:
    """Return the identity that is to be changed, when the caller may change it so."""
    if change.username is None and change.password is None:
        with store.write() as connection:
            identity = find_identity_of(connection, user_id=user_id)
    else:
        identity = check_owner(store, passwords, user_id=user_id, password=current_password)
    if identity is None:
        raise NotFoundError("Nothing is stored of this player yet")
    if change.password is not None and identity.password_hash is None:
        raise ForbiddenError("This account has no password; its identity provider has")
    return identity


def _rename(connection: Connection, identity: Identity, name: str, now: datetime) -> None:
    if not rename_identity(connection, identity=identity, username=name, now=now):
        raise UsernameTakenError


def _set_password(
    connection: Connection,
    identity: Identity,
    new_hash: str,
    session_id: UUID | None,
    until: datetime,
) -> None:
    if not replace_password(connection, identity=identity, new_hash=new_hash):
        # Changed, or the account deleted, since the current password was checked.
        raise InvalidCredentialsError
    delete_tickets_of(connection, user_id=identity.user_id)
    for ended in delete_other_sessions(connection, user_id=identity.user_id, kept=session_id):
        insert_revocation(
            connection, kind=RevocationKind.SESSION, subject=str(ended), expires_at=until
        )
