"""Auditing: the fourth link. One entry for each final transition, before it is broadcast."""

from uuid import UUID

from domain.actions.chain import AUDIT
from domain.actions.model import LinkOutcome
from domain.audit.hash_chain import chain_transitions
from domain.store.postgres.actions.batches import claim_batch
from domain.store.postgres.audit import insert_entries, list_unrecorded_transitions, lock_head
from domain.store.store import Store


def audit_batch(store: Store, *, batch_id: UUID) -> LinkOutcome:
    """Append the batch's final transitions to the hash chain and move the batch to AUDITED.

    Raises DatabaseUnavailableError.
    """
    # Lazily: entries that are lost in a crash are written again, word for word.
    with store.lazy() as connection:
        batch = claim_batch(connection, batch_id=batch_id, link=AUDIT)
        if batch is None:
            return LinkOutcome.NOT_ITS_TURN
        transitions = list_unrecorded_transitions(connection, batch=batch)
        if transitions:
            head_seq, head_hash = lock_head(connection)
            entries = chain_transitions(transitions, head_seq=head_seq, head_hash=head_hash)
            insert_entries(connection, entries=entries)
    return LinkOutcome.MOVED
