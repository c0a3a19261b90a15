"""Proofs, pure: that one transition of an action is in the log, and that a log continues another.

A proof leads from the action to its entry, and from there to a checkpoint: who knows the key that
signed it needs nothing else. Without a checkpoint it is open whether the log has such an entry.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from domain.audit.checkpoints import read_checkpoint
from domain.audit.hash_chain import AuditEntry, Head, encode_leaves, entry_hash, read_entry
from domain.audit.keys import PublicKey
from domain.audit.log_tree import continues
from domain.audit.merkle import is_in_tree, merkle_path

Proof = Mapping[str, Any]


def make_proof(
    entry: AuditEntry, *, action_id: str, previous: bytes, head: Head
) -> dict[str, Any] | None:
    """Return the proof of an action's transition in `entry`; None when it has none.

    `previous` is the hash before the entry; `head` says how long the log was.
    """
    transitions = orjson.loads(entry.leaves)
    for index, transition in enumerate(transitions):
        if transition[1] == action_id:
            path = merkle_path(encode_leaves(transitions), index)
            return {
                "actionId": action_id,
                "leaf": transition,
                "index": index,
                "path": [node.hex() for node in path],
                "root": read_entry(entry.entry).get("root"),
                "seq": entry.seq,
                # As text: the hash is over its exact bytes.
                "entry": entry.entry,
                "previousHash": previous.hex(),
                "hash": entry.hash.hex(),
                "head": {"seq": head.seq, "hash": head.hash.hex()},
            }
    return None


def describe_place(*, path: Sequence[bytes], note: str) -> dict[str, Any]:
    """Return the part of a proof that leads from its entry to a checkpoint."""
    return {"path": [node.hex() for node in path], "checkpoint": note}


def make_growth_proof(*, old: str, new: str, path: Sequence[bytes]) -> dict[str, Any]:
    """Return the proof that the log of the checkpoint `new` begins with that of `old`."""
    return {"from": old, "to": new, "path": [node.hex() for node in path]}


def find_flaw(proof: Proof, keys: Sequence[PublicKey] = ()) -> str | None:
    """Return what is wrong with a proof by itself; None when it is sound.

    With keys it must lead to a checkpoint that one of them has signed.
    """
    try:
        if "from" in proof:
            return _find_flaw_of_growth(proof, keys)
        return _find_flaw(proof) or _find_flaw_of_place(proof, keys)
    except (KeyError, TypeError, ValueError, AttributeError):
        return "is not a proof"


def _find_flaw(proof: Proof) -> str | None:
    said = read_entry(proof["entry"])
    if proof["leaf"][1] != proof["actionId"]:
        return "holds the transition of another action"
    if (said["root"], said["seq"]) != (proof["root"], proof["seq"]):
        return "holds another entry than it names"
    if entry_hash(bytes.fromhex(proof["previousHash"]), proof["entry"]).hex() != proof["hash"]:
        return "holds an entry that does not have its hash"
    (leaf,) = encode_leaves([proof["leaf"]])
    is_included = is_in_tree(
        leaf,
        index=proof["index"],
        size=said["transitions"],
        path=[bytes.fromhex(node) for node in proof["path"]],
        root=bytes.fromhex(said["root"]),
    )
    return None if is_included else "holds a transition that is not in its entry"


def _find_flaw_of_place(proof: Proof, keys: Sequence[PublicKey]) -> str | None:
    place = proof.get("log")
    if place is None:
        return "leads to no checkpoint: its entry was not signed yet" if keys else None
    signed = read_checkpoint(place["checkpoint"])
    if signed is None:
        return "holds a checkpoint that is not one"
    if keys and not signed.is_signed_by(keys):
        return "holds a checkpoint that is not signed by this key"
    is_included = is_in_tree(
        proof["entry"].encode(),
        index=proof["seq"] - 1,
        size=signed.checkpoint.size,
        path=[bytes.fromhex(node) for node in place["path"]],
        root=signed.checkpoint.root,
    )
    return None if is_included else "holds an entry that is not in the log of its checkpoint"


def _find_flaw_of_growth(proof: Proof, keys: Sequence[PublicKey]) -> str | None:
    old, new = read_checkpoint(proof["from"]), read_checkpoint(proof["to"])
    if old is None or new is None:
        return "holds a checkpoint that is not one"
    if keys and not (old.is_signed_by(keys) and new.is_signed_by(keys)):
        return "holds a checkpoint that is not signed by this key"
    is_continued = continues(
        old_size=old.checkpoint.size,
        old_root=old.checkpoint.root,
        size=new.checkpoint.size,
        root=new.checkpoint.root,
        path=[bytes.fromhex(node) for node in proof["path"]],
    )
    return None if is_continued else "is of a log that does not begin with the earlier one"
