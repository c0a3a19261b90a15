"""Proving: that an action's last transition is in the audit log, and that the log only grew.

Called by the operators' `flask audit` commands.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.audit.checkpoints import read_checkpoint
from domain.audit.keys import PublicKey
from domain.audit.log_tree import compute_roots, list_consistency_ranges, list_inclusion_ranges
from domain.audit.proofs import Proof, describe_place, find_flaw, make_growth_proof, make_proof
from domain.errors import NotFoundError
from domain.store.postgres.audit import find_hash, find_last_entry, read_head
from domain.store.postgres.checkpoints import find_checkpoint, find_last_checkpoint, iterate_texts
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Connection, Store


def prove_action(store: Store, *, action_id: UUID) -> dict[str, Any]:
    """Return the proof of the action's last transition that is in the log.

    It leads to the last checkpoint, and to the entry alone when that is not signed yet. Reads the
    text of every entry that is signed. Raises NotFoundError when it has none, and
    DatabaseUnavailableError.
    """
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        found = find_last_entry(connection, action_id=action_id)
        head = read_head(connection)
        proof = None
        if found is not None:
            entry, previous = found
            proof = make_proof(entry, action_id=str(action_id), previous=previous, head=head)
        if proof is None:
            raise NotFoundError("The audit log has no transition of this action")
        return {**proof, "log": _find_place(connection, seq=proof["seq"])}


def prove_growth(store: Store, *, size: int) -> dict[str, Any]:
    """Return the proof that the log of the last checkpoint begins with that of this one.

    Reads the text of every entry. Raises NotFoundError when there is no such checkpoint or none
    behind it, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        old = find_checkpoint(connection, size=size)
        last = find_last_checkpoint(connection)
        if old is None or last is None or last.size <= size:
            raise NotFoundError("There is no such checkpoint, or none after it")
        ranges = list_consistency_ranges(size, last.size)
        try:
            roots = compute_roots(ranges, iterate_texts(connection))
        except ValueError as error:
            raise NotFoundError("The log has fewer entries than were signed") from error
    return make_growth_proof(old=old.note, new=last.note, path=[roots[each] for each in ranges])


def check_proof(store: Store | None, *, proof: Proof, keys: Sequence[PublicKey] = ()) -> str | None:
    """Return what is wrong with a proof; None when it holds.

    With keys its checkpoints must be signed by one of them, which needs no store. With a store the
    log must have the proof's entry, or its checkpoints. Raises DatabaseUnavailableError.
    """
    flaw = find_flaw(proof, keys)
    if flaw is not None or store is None:
        return flaw
    with store.read() as connection:
        if "from" in proof:
            return _find_strange_checkpoint(connection, proof)
        digest = find_hash(connection, seq=proof["seq"])
    if digest is None or digest.hex() != proof["hash"]:
        return "is of an entry that the log does not have"
    return None


def _find_strange_checkpoint(connection: Connection, proof: Proof) -> str | None:
    for note in (proof["from"], proof["to"]):
        read = read_checkpoint(note)
        stored = read and find_checkpoint(connection, size=read.checkpoint.size)
        if not stored or stored.note != note:
            return "is of a checkpoint that the log does not have"
    return None


def _find_place(connection: Connection, *, seq: int) -> dict[str, Any] | None:
    """Return the way from an entry to the last checkpoint; None while none covers it."""
    last = find_last_checkpoint(connection)
    if last is None or read_checkpoint(last.note) is None or last.size < seq:
        return None
    ranges = list_inclusion_ranges(seq - 1, last.size)
    try:
        roots = compute_roots(ranges, iterate_texts(connection))
    except ValueError:
        # The log was cut: `audit verify` tells where.
        return None
    return describe_place(path=[roots[each] for each in ranges], note=last.note)
