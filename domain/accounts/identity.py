"""Identities: registers a player by name and password, and checks the password later."""

from datetime import datetime
from uuid import uuid4

from domain.accounts.names import clean_username, username_key
from domain.accounts.passwords import Passwords
from domain.errors import InvalidCredentialsError, InvalidPayloadError, UsernameTakenError
from domain.store.postgres.accounts.identities import Identity, find_identity, insert_identity
from domain.store.store import Store


def register_player(
    store: Store, passwords: Passwords, *, username: str, password: str, now: datetime
) -> Identity:
    """Store a new player and return the identity with the cleaned name.

    Raises InvalidPayloadError for a name that is not allowed, or UsernameTakenError.
    """
    name = require_username(username)
    # Saves hashing for a name that is taken; the constraint decides.
    with store.write() as connection:
        if find_identity(connection, username=name) is not None:
            raise UsernameTakenError
    identity = Identity(uuid4(), name, passwords.hash(password))
    with store.write() as connection:
        if not insert_identity(connection, identity=identity, now=now):
            raise UsernameTakenError
    return identity


def require_username(username: str) -> str:
    """Return the name in its stored form; raises InvalidPayloadError for one not allowed."""
    name = clean_username(username)
    if name is None:
        fields = {"username": ["Not 3 to 32 characters, or has one that is not allowed."]}
        raise InvalidPayloadError(details={"fields": fields})
    return name


def check_password(store: Store, passwords: Passwords, *, username: str, password: str) -> Identity:
    """Return the player with this name and password.

    Raises InvalidCredentialsError, after the same time whether or not the name exists.
    """
    name = clean_username(username)
    identity = None
    with store.write() as connection:
        if name is not None:
            identity = find_identity(connection, username=name)
    stored = identity.password_hash if identity else None
    if not passwords.matches(stored, password) or identity is None:
        raise InvalidCredentialsError
    return identity


def login_name(username: str) -> str:
    """Return the form of a name under which login attempts are counted."""
    return username_key(clean_username(username) or username)
