"""SQL of identities: a player's name and password hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.accounts.lookalikes import skeleton
from domain.accounts.names import username_key
from domain.store.postgres.statements import sql
from domain.store.postgres.tables import users

MAX_CLAIM_CHARS = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """A player's name and, if there is one, the password hash."""

    user_id: UUID
    username: str
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class ClaimedIdentity:
    """An identity, the claim of a token that was looked at last, and when the name last changed.

    `claimed_name` is cut to MAX_CLAIM_CHARS.
    """

    identity: Identity
    claimed_name: str | None
    renamed_at: datetime | None


def insert_identity(connection: Connection, *, identity: Identity, now: datetime) -> bool:
    """Store a new identity; return False when another player has the name, or one like it."""
    statement = (
        upsert(users)
        .values(
            user_id=identity.user_id,
            username=identity.username,
            username_key=username_key(identity.username),
            username_skeleton=skeleton(identity.username),
            password_hash=identity.password_hash,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(users.c.user_id)
    )
    return connection.execute(statement).first() is not None


def find_identity(connection: Connection, *, username: str) -> Identity | None:
    """Return the identity with this name, or None."""
    row = connection.execute(
        select(users.c.user_id, users.c.username, users.c.password_hash).where(
            users.c.username_key == username_key(username)
        )
    ).first()
    return None if row is None else Identity(row.user_id, row.username, row.password_hash)


def find_identity_of(connection: Connection, *, user_id: UUID) -> Identity | None:
    """Return the identity of this player, or None."""
    row = connection.execute(
        select(users.c.user_id, users.c.username, users.c.password_hash).where(
            users.c.user_id == user_id
        )
    ).first()
    return None if row is None else Identity(row.user_id, row.username, row.password_hash)


def find_created_at(connection: Connection, *, user_id: UUID) -> datetime | None:
    """Return when the player was first stored, or None."""
    created_at: datetime | None = connection.execute(
        select(users.c.created_at).where(users.c.user_id == user_id)
    ).scalar_one_or_none()
    return created_at


def list_claimed(connection: Connection, *, user_ids: Sequence[UUID]) -> list[ClaimedIdentity]:
    """Return those of these players who have a row."""
    rows = connection.execute(
        sql(
            "SELECT user_id, username, password_hash, claimed_name, renamed_at FROM users"
            " WHERE user_id = ANY(CAST(:ids AS uuid[])) ORDER BY user_id"
        ),
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return [
        ClaimedIdentity(Identity(user_id, name, password), claimed_name, renamed_at)
        for user_id, name, password, claimed_name, renamed_at in rows
    ]


def record_claim(connection: Connection, *, identity: Identity, claim: str) -> None:
    """Remember that this claim was looked at, unless the player has another name meanwhile."""
    connection.execute(
        update(users)
        .where(users.c.user_id == identity.user_id, users.c.username == identity.username)
        .values(claimed_name=claim[:MAX_CLAIM_CHARS])
    )


def rename_identity(
    connection: Connection,
    *,
    identity: Identity,
    username: str,
    now: datetime,
    claim: str | None = None,
) -> bool:
    """Give the player a name, and the row on the board a new version.

    `claim` is remembered when the name comes from a token. Returns False, and changes nothing, when
    another player has the name or one like it, or name or password are no longer those of
    `identity` (the account may be deleted). Raises UnstorableDataError when another took the name
    in the same moment.
    """
    renamed = connection.execute(
        sql(
            "UPDATE users u SET username = :name, username_key = :key,"
            " username_skeleton = :skeleton, renamed_at = :now,"
            " claimed_name = coalesce(CAST(:claim AS text), u.claimed_name)"
            " WHERE u.user_id = :user_id AND u.username = :old_name"
            " AND u.password_hash IS NOT DISTINCT FROM CAST(:hash AS text)"
            " AND NOT EXISTS (SELECT 1 FROM users o WHERE o.user_id <> :user_id"
            "   AND (o.username_key = :key OR o.username_skeleton = :skeleton))"
        ),
        {
            "user_id": identity.user_id,
            "old_name": identity.username,
            "hash": identity.password_hash,
            "name": username,
            "key": username_key(username),
            "skeleton": skeleton(username),
            "now": now,
            "claim": None if claim is None else claim[:MAX_CLAIM_CHARS],
        },
    )
    if not renamed.rowcount:
        return False
    _bump_version(connection, identity.user_id)
    return True


def replace_password(connection: Connection, *, identity: Identity, new_hash: str) -> bool:
    """Store a new hash; return False when the stored one is no longer that of `identity`."""
    statement = (
        update(users)
        .where(users.c.user_id == identity.user_id, users.c.password_hash == identity.password_hash)
        .values(password_hash=new_hash)
    )
    return connection.execute(statement).rowcount == 1


def erase_identity(
    connection: Connection, *, identity: Identity, pseudonym: str, now: datetime
) -> bool:
    """Destroy name, claim and password; return False when the password was changed meanwhile."""
    statement = (
        update(users)
        .where(
            users.c.user_id == identity.user_id,
            users.c.password_hash.is_not_distinct_from(identity.password_hash),
        )
        .values(
            username=pseudonym,
            username_key=username_key(pseudonym),
            username_skeleton=skeleton(pseudonym),
            password_hash=None,
            claimed_name=None,
            renamed_at=now,
        )
    )
    if not connection.execute(statement).rowcount:
        return False
    _bump_version(connection, identity.user_id)
    return True


def _bump_version(connection: Connection, user_id: UUID) -> None:
    """Make the player's row on the board newer than every copy: it carries the name."""
    connection.execute(
        sql("UPDATE user_scores SET version = version + 1 WHERE user_id = :user_id"),
        {"user_id": user_id},
    )
