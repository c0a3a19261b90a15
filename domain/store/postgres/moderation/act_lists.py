"""SQL of lists of acts: of a case, of a player, and of one action with their audit entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class ActRow:
    """What a moderator did, and where in the audit log it is."""

    act_id: UUID
    kind: str
    by: str
    user_id: UUID | None
    action_id: UUID | None
    case_id: UUID | None
    reason: str
    details: Mapping[str, Any] | None
    at: datetime
    seq: int | None
    hash: str | None


_ACTS = """
SELECT a.act_id, a.kind, a.by, a.user_id, a.action_id, a.case_id, a.reason, a.details, a.at,
    l.seq, encode(l.hash, 'hex') AS hash
FROM moderation_acts a LEFT JOIN audit_log l ON l.batch_id = a.act_id
"""


def list_acts_of_user(connection: Connection, *, user_id: UUID, limit: int) -> list[ActRow]:
    """Return what was done to a player, the newest first."""
    return _list(connection, "a.user_id = :id ORDER BY a.act_no DESC", user_id, limit)


def list_acts_of_case(
    connection: Connection, *, user_id: UUID, case_id: UUID, limit: int
) -> list[ActRow]:
    """Return what was done in a case of this player, the newest first."""
    where = "a.user_id = :id AND a.case_id = :case_id ORDER BY a.act_no DESC"
    return _list(connection, where, user_id, limit, case_id=case_id)


def list_acts_on_action(connection: Connection, *, action_id: UUID, limit: int) -> list[ActRow]:
    """Return what was decided of an action, the oldest first."""
    return _list(connection, "a.action_id = :id ORDER BY a.act_no", action_id, limit)


def _list(
    connection: Connection, where: str, subject_id: UUID, limit: int, **more: UUID
) -> list[ActRow]:
    rows = connection.execute(
        sql(f"{_ACTS} WHERE {where} LIMIT :limit"), {"id": subject_id, "limit": limit, **more}
    )
    return [ActRow(*row) for row in rows]
