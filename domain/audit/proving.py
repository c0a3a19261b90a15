"""Proving: that an action's last transition is in the audit log, and checking such a proof.

Called by the operators' `flask audit` commands.
"""

from typing import Any
from uuid import UUID

from domain.audit.proofs import Proof, find_flaw, make_proof
from domain.errors import NotFoundError
from domain.store.postgres.audit import find_hash, find_last_entry, read_head
from domain.store.postgres.transactions import allow_long_queries
from domain.store.store import Store


def prove_action(store: Store, *, action_id: UUID) -> dict[str, Any]:
    """Return the proof of the action's last transition that is in the log.

    Reads the whole log when the action is archived. Raises NotFoundError when it has none, and
    DatabaseUnavailableError.
    """
    with store.write() as connection:
        allow_long_queries(connection)
        found = find_last_entry(connection, action_id=action_id)
        head = read_head(connection)
    proof = None
    if found is not None:
        entry, previous = found
        proof = make_proof(entry, action_id=str(action_id), previous=previous, head=head)
    if proof is None:
        raise NotFoundError("The audit log has no transition of this action")
    return proof


def check_proof(store: Store | None, *, proof: Proof) -> str | None:
    """Return what is wrong with a proof; None when it holds and the log has its entry.

    Without a store only the proof itself is checked. Raises DatabaseUnavailableError.
    """
    flaw = find_flaw(proof)
    if flaw is not None or store is None:
        return flaw
    with store.read() as connection:
        digest = find_hash(connection, seq=proof["seq"])
    if digest is None or digest.hex() != proof["hash"]:
        return "is of an entry that the log does not have"
    return None
