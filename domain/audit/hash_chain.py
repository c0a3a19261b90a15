"""The hash chain, pure: what an audit entry holds, and how each hash covers all before it.

An entry holds ids, numbers and reasons; no name, address or metadata.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Transition:
    """One final transition of an action."""

    action_id: str
    action_version: int
    action_no: int
    user_id: str
    status: str
    reason: str | None
    score: int
    previous_score: int | None
    new_score: int | None
    accepted_at: datetime
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One stored entry: `entry` is canonical JSON, `hash` covers it and the hash before it."""

    seq: int
    action_id: str
    action_version: int
    entry: str
    hash: bytes


def chain_transitions(
    transitions: Sequence[Transition], *, head_seq: int, head_hash: bytes
) -> list[AuditEntry]:
    """Return the entries that continue the chain after `head_seq`."""
    entries = []
    previous = head_hash
    for seq, transition in enumerate(transitions, start=head_seq + 1):
        entry = _canonical(seq, transition)
        previous = entry_hash(previous, entry)
        entries.append(
            AuditEntry(seq, transition.action_id, transition.action_version, entry, previous)
        )
    return entries


def entry_hash(previous: bytes, entry: str) -> bytes:
    """Return SHA-256 over the hash before and the entry's bytes."""
    return hashlib.sha256(previous + entry.encode()).digest()


def find_breaks(
    entries: Iterable[AuditEntry], *, after_seq: int, after_hash: bytes
) -> Iterable[str]:
    """Yield one sentence for each entry that breaks the chain, naming its number.

    `entries` are in order of seq; `after_*` are the seq and hash before the first of them: 0 and
    GENESIS for the whole chain.
    """
    expected, previous = after_seq + 1, after_hash
    for stored in entries:
        if stored.seq != expected:
            yield f"audit entries {expected} to {stored.seq - 1} are missing"
        elif entry_hash(previous, stored.entry) != stored.hash:
            yield f"audit entry {stored.seq} was changed or does not follow the one before it"
        if _named(stored.entry) != (stored.seq, stored.action_id, stored.action_version):
            yield f"audit entry {stored.seq} speaks of another action than its row"
        expected, previous = stored.seq + 1, stored.hash


def _named(entry: str) -> tuple[Any, Any, Any] | None:
    """Return the seq, action and version that an entry names; None when it is not an entry."""
    try:
        content = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict):
        return None
    return content.get("seq"), content.get("actionId"), content.get("version")


def _canonical(seq: int, transition: Transition) -> str:
    return orjson.dumps(
        {
            "seq": seq,
            "actionId": transition.action_id,
            "version": transition.action_version,
            "actionNo": transition.action_no,
            "userId": transition.user_id,
            "status": transition.status,
            "reason": transition.reason,
            "score": transition.score,
            "previousScore": transition.previous_score,
            "newScore": transition.new_score,
            "acceptedAt": transition.accepted_at,
            "completedAt": transition.completed_at,
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()
