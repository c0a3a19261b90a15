"""The hash chain, pure: what an audit entry holds, and how each hash covers all before it.

One entry for each batch, each seal of a ranking and each act of a moderator. A batch's hash covers
the actions' transitions through the root of a Merkle tree, so that a proof of one of them shows no
other; a seal's entry has the hash of the ranking's rows, an act's that of its reason. No name,
address or metadata is in them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any

import orjson

from domain.audit.merkle import merkle_root

GENESIS = bytes(32)
# The fields by which the entries of a seal and of an act are told from a batch's, and their leaves.
SEAL_ID = "sealId"
ACT_ID = "actId"
NO_LEAVES = "[]"

Transition = tuple[Any, ...]
"""One final transition of an action: its number, id, user and score; then its outcome: status,
reason, the scores before and after, and which transition of the action it was, from 1. As
canonical JSON it is a leaf of its entry's tree."""

_TRANSITION_TYPES = (
    (int,),
    (str,),
    (str,),
    (int,),
    (str,),
    (str, NoneType),
    (int, NoneType),
    (int, NoneType),
    (int,),
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One stored entry: `entry` is canonical JSON, `hash` covers it and the hash before it.

    `leaves` is the JSON array of the transitions that the entry's `root` stands for. The entry of
    a seal or an act has none, and its id as `batch_id`.
    """

    seq: int
    batch_id: str
    entry: str
    hash: bytes
    leaves: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: GENESIS's hash and the seq 0 when there is no entry."""

    seq: int = 0
    hash: bytes = GENESIS


def chain_batch(
    transitions: Iterable[Transition],
    *,
    batch_id: str,
    accepted_at: datetime,
    completed_at: datetime,
    head: Head,
) -> AuditEntry:
    """Return the entry of a batch that continues the chain after `head`."""
    leaves = encode_leaves(transitions)
    entry = orjson.dumps(
        {
            "seq": head.seq + 1,
            "batchId": batch_id,
            "acceptedAt": accepted_at,
            "completedAt": completed_at,
            "transitions": len(leaves),
            "root": merkle_root(leaves).hex(),
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()
    digest = entry_hash(head.hash, entry)
    return AuditEntry(head.seq + 1, batch_id, entry, digest, _write_leaves(leaves))


def chain_seal(seal: Mapping[str, Any], *, seal_id: str, head: Head) -> AuditEntry:
    """Return the entry of a seal that continues the chain after `head`; `seal` is what it says."""
    return _chain_single(seal, SEAL_ID, seal_id, head)


def chain_act(act: Mapping[str, Any], *, act_id: str, head: Head) -> AuditEntry:
    """Return the entry of a moderator's act that continues the chain; `act` is what it says."""
    return _chain_single(act, ACT_ID, act_id, head)


def _chain_single(said: Mapping[str, Any], kind: str, subject_id: str, head: Head) -> AuditEntry:
    entry = orjson.dumps(
        {**said, "seq": head.seq + 1, kind: subject_id}, option=orjson.OPT_SORT_KEYS
    ).decode()
    return AuditEntry(head.seq + 1, subject_id, entry, entry_hash(head.hash, entry), NO_LEAVES)


def encode_leaves(transitions: Iterable[Transition]) -> list[bytes]:
    """Return the leaves: each transition as canonical JSON."""
    return [orjson.dumps(transition) for transition in transitions]


def entry_hash(previous: bytes, entry: str) -> bytes:
    """Return SHA-256 over the hash before and the entry's bytes."""
    return hashlib.sha256(previous + entry.encode()).digest()


def read_leaves(text: str) -> list[bytes] | None:
    """Return the leaves in an entry's `leaves`; None when it holds anything but transitions."""
    try:
        transitions = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    # PostgreSQL cannot read an escaped NUL, which orjson can.
    if "\\u0000" in text or not isinstance(transitions, list):
        return None
    if not all(_is_transition(transition) for transition in transitions):
        return None
    leaves = encode_leaves(transitions)
    # The root covers what they say: one that says it in another form was not written here.
    return leaves if _write_leaves(leaves) == text else None


class ChainCheck:
    """Checks the chain entry by entry; `head` is the last one that was seen.

    `unreadable` are the entries whose leaves are not those of their root.
    """

    def __init__(self, after: Head = Head()) -> None:
        self.head = after
        self.unreadable: list[int] = []

    def find_breaks(self, entries: Iterable[AuditEntry]) -> Iterator[str]:
        """Yield one sentence for each fault of the entries, which are in order of seq."""
        for stored in entries:
            yield from self._find_faults(stored)
            self.head = Head(stored.seq, stored.hash)

    def _find_faults(self, stored: AuditEntry) -> Iterator[str]:
        expected = self.head.seq + 1
        if stored.seq != expected:
            yield f"audit entries {expected} to {stored.seq - 1} are missing"
        elif entry_hash(self.head.hash, stored.entry) != stored.hash:
            yield f"audit entry {stored.seq} was changed or does not follow the one before it"
        said = read_entry(stored.entry)
        if (said.get("seq"), _subject(said)) != (stored.seq, stored.batch_id):
            yield f"audit entry {stored.seq} speaks of another batch than its row"
        leaves = read_leaves(stored.leaves)
        if leaves is None or not _belong_together(said, leaves):
            self.unreadable.append(stored.seq)
            yield f"the transitions of audit entry {stored.seq} are not those that it stands for"


def read_entry(entry: str) -> dict[str, Any]:
    """Return what an entry says; nothing when it is not an entry."""
    try:
        said = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _subject(said: dict[str, Any]) -> Any:
    """Return the id of the batch, the seal or the act that an entry is of."""
    return next((said[kind] for kind in (SEAL_ID, ACT_ID) if kind in said), said.get("batchId"))


def _belong_together(said: dict[str, Any], leaves: Sequence[bytes]) -> bool:
    if SEAL_ID in said or ACT_ID in said:
        return not leaves and "root" not in said
    return (said.get("transitions"), said.get("root")) == (
        len(leaves),
        merkle_root(leaves).hex(),
    )


def _write_leaves(leaves: Sequence[bytes]) -> str:
    return (b"[" + b",".join(leaves) + b"]").decode()


def _is_transition(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(_TRANSITION_TYPES)
        and all(type(field) in types for field, types in zip(value, _TRANSITION_TYPES, strict=True))
    )
