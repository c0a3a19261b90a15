"""Acts: each thing that a moderator did is a row, and an entry of the audit log that has no text.

The entry has ids and hashes only: the row's words can be checked against it, and erased.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from domain.audit.hash_chain import chain_act
from domain.moderation.model import ActKind
from domain.store.postgres.audit import insert_entry, lock_head
from domain.store.postgres.moderation.acts import insert_act
from domain.store.store import Connection

OPERATOR = "operator"
MAX_BY_CHARS = 64
# Of the details of a decision: the action's batch before, and the one that carries it out.
BATCHES = "batches"


@dataclass(frozen=True, slots=True)
class Act:
    """One act as its row has it; `details` is JSON."""

    act_id: UUID
    kind: str
    by: str
    user_id: UUID | None
    action_id: UUID | None
    case_id: UUID | None
    reason: str
    details: Mapping[str, Any] | None
    at: datetime


def record_act(
    connection: Connection,
    *,
    kind: ActKind,
    by: str,
    user_id: UUID | None,
    action_id: UUID | None = None,
    case_id: UUID | None = None,
    reason: str,
    details: Mapping[str, Any] | None = None,
) -> UUID:
    """Record an act and its audit entry in the caller's transaction; return its id.

    `by` is a user id, `operator:` and a name, or `keeper` for a ban whose time is over. Called
    last: the end of the audit log is locked from here until the transaction ends, and every batch's
    audit waits for it.
    """
    act_id = uuid4()
    at = insert_act(
        connection,
        act_id=act_id,
        kind=kind,
        by=by,
        user_id=user_id,
        action_id=action_id,
        case_id=case_id,
        reason=reason,
        details=None if details is None else orjson.dumps(details).decode(),
    )
    act = Act(act_id, kind, by, user_id, action_id, case_id, reason, details, at)
    entry = chain_act(describe_act(act), act_id=str(act_id), head=lock_head(connection))
    insert_entry(connection, entry=entry)
    return act_id


def describe_act(act: Act) -> dict[str, Any]:
    """Return what the audit log says of an act, but for its id: no name and no text of anybody."""
    said = {
        "kind": act.kind,
        **_name_nobody(act),
        "userId": _text(act.user_id),
        "actionId": _text(act.action_id),
        "caseId": _text(act.case_id),
        "at": act.at.astimezone(UTC).isoformat(),
        "reasonSha256": hashlib.sha256(act.reason.encode()).hexdigest(),
    }
    if act.details is not None:
        text = orjson.dumps(act.details, option=orjson.OPT_SORT_KEYS)
        said["detailsSha256"] = hashlib.sha256(text).hexdigest()
    return {name: value for name, value in said.items() if value is not None}


def _name_nobody(act: Act) -> dict[str, str]:
    """Return the user id of who did it; of who is on the command line a hash of the login name."""
    if act.by.startswith(f"{OPERATOR}:"):
        named = f"{act.act_id} {act.by}".encode()
        return {"by": OPERATOR, "operatorSha256": hashlib.sha256(named).hexdigest()}
    return {"by": act.by}


def _text(subject_id: UUID | None) -> str | None:
    return None if subject_id is None else str(subject_id)
