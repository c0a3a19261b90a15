"""SQL of revocations: tokens, sessions and users' tokens that end before their time.

Read by `web/access/revocations.py`; written by `domain/accounts/sessions.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, text

from domain.store.postgres.tables import revocations

# A row becomes visible at most this long after its `revoked_at`: no transaction may last longer.
OVERLAP_SECONDS = 60


class RevocationKind(StrEnum):
    """What a revocation names: a token, a session, or all tokens of a user issued until then."""

    JTI = "jti"
    SESSION = "session"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One row: `subject` is a token id, a session id or a user id."""

    kind: RevocationKind
    subject: str
    revoked_at: datetime
    expires_at: datetime


def insert_revocation(
    connection: Connection, *, kind: RevocationKind, subject: str, expires_at: datetime
) -> None:
    """Store a revocation of now, which matters until `expires_at`."""
    # Not the transaction's start: what was opened since then, and before this, is revoked too.
    connection.execute(
        insert(revocations).values(
            kind=kind.value,
            subject=subject,
            revoked_at=func.clock_timestamp(),
            expires_at=expires_at,
        )
    )


def list_revocations(connection: Connection, *, only_recent: bool) -> Sequence[Revocation]:
    """Return the revocations that still matter: all, or those of the last OVERLAP_SECONDS."""
    query = (
        select(
            revocations.c.kind,
            revocations.c.subject,
            revocations.c.revoked_at,
            revocations.c.expires_at,
        )
        .where(revocations.c.expires_at > text("now()"))
        .order_by(revocations.c.revocation_no)
    )
    if only_recent:
        age = text(f"now() - interval '{OVERLAP_SECONDS} seconds'")
        query = query.where(revocations.c.revoked_at > age)
    return [
        Revocation(RevocationKind(row.kind), row.subject, row.revoked_at, row.expires_at)
        for row in connection.execute(query)
    ]
