"""Audit trail: the hash chain is whole, and agrees with the actions, one entry per transition."""

from collections.abc import Iterable, Iterator

from domain.audit.hash_chain import GENESIS, AuditEntry, find_breaks
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.postgres.verify.audit import list_contradictions, list_unaudited_actions
from domain.store.store import Connection


class _LastEntry:
    """Passes entries on and remembers the seq and hash of the last one."""

    def __init__(self) -> None:
        self.seq, self.hash = 0, GENESIS

    def watch(self, entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        for entry in entries:
            self.seq, self.hash = entry.seq, entry.hash
            yield entry


def check_audit(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each break of the chain and each action that its entries contradict."""
    last = _LastEntry()
    yield from find_breaks(last.watch(iterate_entries(connection)), after_seq=0, after_hash=GENESIS)
    head_seq, head_hash = read_head(connection)
    if (head_seq, head_hash) != (last.seq, last.hash):
        yield f"the chain ends with audit entry {last.seq}, its head says {head_seq}"
    for query in (list_unaudited_actions, list_contradictions):
        for action_id, what in query(connection, limit=limit):
            yield f"action {action_id} {what}"
