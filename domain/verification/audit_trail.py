"""Audit trail: the chain is whole, and has each transition of each action and each act once."""

from collections.abc import Iterator

from domain.audit.hash_chain import ChainCheck
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.postgres.verify.audit import list_audit_mismatches
from domain.store.store import Connection
from domain.verification.acts import check_acts


def check_audit(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each break of the chain, and each action or act it contradicts.

    The caller takes `limit` sentences at most.
    """
    chain = ChainCheck()
    yield from chain.find_breaks(iterate_entries(connection))
    head = read_head(connection)
    if head != chain.head:
        yield f"the chain ends with audit entry {chain.head.seq}, its head says {head.seq}"
    found = list_audit_mismatches(connection, unreadable=chain.unreadable, limit=limit)
    for action_id, what in found:
        yield f"action {action_id} {what}"
    yield from check_acts(connection, limit=limit)
