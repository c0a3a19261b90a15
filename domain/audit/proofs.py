"""Inclusion proofs, pure: that one transition of an action is in the log, without the others.

A proof holds all that its check needs but one thing: that the log has an entry with its hash.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from domain.audit.hash_chain import AuditEntry, Head, encode_leaves, entry_hash, read_entry
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


def find_flaw(proof: Proof) -> str | None:
    """Return what is wrong with a proof by itself; None when it is sound."""
    try:
        return _find_flaw(proof)
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
