"""Audit trail: the chain holds to its end, and tells of each final transition once and truly."""

from collections.abc import Iterable, Iterator

from domain.audit.hash_chain import GENESIS, AuditEntry, find_breaks
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.postgres.verify.audit import list_contradictions, list_unaudited_actions
from domain.store.store import Connection


class _LastLink:
    """Passes links on and remembers the last of them."""

    def __init__(self) -> None:
        self.seq, self.hash = 0, GENESIS

    def watch(self, links: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        for link in links:
            self.seq, self.hash = link.seq, link.hash
            yield link


def check_audit(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each break of the chain and each action it does not speak truly of."""
    last = _LastLink()
    yield from find_breaks(last.watch(iterate_entries(connection)), after_seq=0, after_hash=GENESIS)
    head_seq, head_hash = read_head(connection)
    if (head_seq, head_hash) != (last.seq, last.hash):
        yield f"the chain ends with audit entry {last.seq}, its head says {head_seq}"
    for query in (list_unaudited_actions, list_contradictions):
        for action_id, what in query(connection, limit=limit):
            yield f"action {action_id} {what}"
