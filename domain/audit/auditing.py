"""Auditing: the fourth link. One entry for a batch's final transitions, before its broadcast."""

from uuid import UUID

from domain.actions.model import LinkOutcome
from domain.audit.hash_chain import chain_batch
from domain.store.postgres.audit import claim_transitions, insert_entry
from domain.store.store import Store


def audit_batch(store: Store, *, batch_id: UUID) -> LinkOutcome:
    """Append the batch's final transitions to the hash chain and move the batch to AUDITED.

    Raises DatabaseUnavailableError.
    """
    # Lazily: an entry that is lost in a crash is written again, with the same transitions.
    with store.lazy() as connection:
        claimed = claim_transitions(connection, batch_id=batch_id)
        if claimed is None:
            return LinkOutcome.NOT_ITS_TURN
        entry = chain_batch(
            claimed.transitions,
            batch_id=str(batch_id),
            accepted_at=claimed.accepted_at,
            completed_at=claimed.completed_at,
            head=claimed.head,
        )
        insert_entry(connection, entry=entry)
    return LinkOutcome.MOVED
