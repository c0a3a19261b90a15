"""Audit trail: the chain is whole, and has each transition of each action and each act once."""

from collections.abc import Iterator

from domain.audit.log_check import LogCheck
from domain.audit.log_reading import Witnesses, find_log_faults
from domain.store.postgres.verify.audit import list_audit_mismatches
from domain.store.store import Connection
from domain.verification.acts import check_acts


def check_audit(
    connection: Connection, *, limit: int, witnesses: Witnesses | None = None
) -> Iterator[str]:
    """Yield a sentence for each fault of the log, and each action or act it contradicts.

    Checkpoints are looked at with witnesses only. The caller takes `limit` sentences at most.
    """
    check = LogCheck(witnesses.keys if witnesses else ())
    yield from find_log_faults(connection, check, witnesses=witnesses)
    found = list_audit_mismatches(connection, unreadable=check.chain.unreadable, limit=limit)
    for action_id, what in found:
        yield f"action {action_id} {what}"
    yield from check_acts(connection, limit=limit)
