"""SQL of second factors: one secret for each player, and what its codes were used for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.store.postgres.tables import second_factors


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A player's second factor, its secret encrypted (`sealed`).

    `last_step` is the time step of the code that was used last, `last_use` the digest of what it
    was used for. `wrong_codes` is how many were wrong since `wrong_since`.
    """

    sealed: bytes
    confirmed_at: datetime | None
    last_step: int | None
    last_use: bytes | None
    wrong_codes: int
    wrong_since: datetime | None


def put_unconfirmed_factor(
    connection: Connection, *, user_id: UUID, sealed: bytes, now: datetime
) -> bool:
    """Store a new secret in place of an unconfirmed one; return False when one is confirmed."""
    fresh = {
        "secret": sealed,
        "created_at": now,
        "last_step": None,
        "last_use": None,
        "wrong_codes": 0,
        "wrong_since": None,
    }
    statement = (
        upsert(second_factors)
        .values(user_id=user_id, **fresh)
        .on_conflict_do_update(
            index_elements=[second_factors.c.user_id],
            set_=fresh,
            where=second_factors.c.confirmed_at.is_(None),
        )
        .returning(second_factors.c.user_id)
    )
    return connection.execute(statement).first() is not None


def lock_second_factor(connection: Connection, *, user_id: UUID) -> SecondFactor | None:
    """Return the player's factor, locked until the transaction ends, or None."""
    columns = second_factors.c
    row = connection.execute(
        select(
            columns.secret,
            columns.confirmed_at,
            columns.last_step,
            columns.last_use,
            columns.wrong_codes,
            columns.wrong_since,
        )
        .where(columns.user_id == user_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        return None
    last_use = None if row.last_use is None else bytes(row.last_use)
    return SecondFactor(
        bytes(row.secret),
        row.confirmed_at,
        row.last_step,
        last_use,
        row.wrong_codes,
        row.wrong_since,
    )


def has_second_factor(connection: Connection, *, user_id: UUID) -> bool:
    """Return whether the player has a factor that is confirmed."""
    found = connection.execute(
        select(second_factors.c.user_id).where(
            second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_not(None)
        )
    )
    return found.first() is not None


def record_used_step(
    connection: Connection, *, user_id: UUID, step: int, use: bytes, now: datetime
) -> None:
    """Store that the code of this step was used; the first one confirms the factor."""
    connection.execute(
        update(second_factors)
        .where(second_factors.c.user_id == user_id)
        .values(
            last_step=step,
            last_use=use,
            confirmed_at=func.coalesce(second_factors.c.confirmed_at, now),
        )
    )


def record_wrong_code(
    connection: Connection, *, user_id: UUID, wrong_codes: int, wrong_since: datetime
) -> None:
    """Store how many codes were wrong, and since when they are counted."""
    connection.execute(
        update(second_factors)
        .where(second_factors.c.user_id == user_id)
        .values(wrong_codes=wrong_codes, wrong_since=wrong_since)
    )


def delete_second_factor(connection: Connection, *, user_id: UUID) -> bool:
    """Delete the player's factor; return False when there is none."""
    statement = delete(second_factors).where(second_factors.c.user_id == user_id)
    return connection.execute(statement).rowcount == 1
