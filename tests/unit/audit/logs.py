"""A log of the past for tests: entries of every kind, checkpoints, and the file that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.audit.checkpoint_file import KeptCheckpoints
from domain.audit.checkpoints import Checkpoint, StoredCheckpoint, sign_checkpoint
from domain.audit.hash_chain import AuditEntry, Head, Transition, chain_batch, chain_seal
from domain.audit.keys import SigningKey
from domain.audit.log_check import LogCheck, pair
from domain.audit.log_tree import LogTree

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIZES = (7, 20, 33, 48, 60)


def make_key(seed: int = 1) -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


KEY = make_key()


@dataclass
class Log:
    """What a database and a file hold of a log; each part may be damaged apart from the others."""

    entries: list[AuditEntry]
    head: Head
    checkpoints: list[StoredCheckpoint]
    file: bytes


def make_log(*, seed: int = 7, sizes: Sequence[int] = SIZES) -> Log:
    random = Random(seed)
    entries = extend([], Head(), random, count=sizes[-1])
    checkpoints = sign(entries, sizes=sizes)
    return Log(entries, head_of(entries), checkpoints, write_file(checkpoints))


def extend(
    entries: list[AuditEntry], head: Head, random: Random, *, count: int
) -> list[AuditEntry]:
    """Return the entries and `count` more that follow the head."""
    longer = list(entries)
    for number in range(count):
        if random.random() < 0.1:
            entry = chain_seal(
                {"ranking": number, "rows": random.randrange(99), "sha256": "ab" * 32},
                seal_id=make_id(random),
                head=head,
            )
        else:
            entry = make_batch(random, head)
        longer.append(entry)
        head = Head(entry.seq, entry.hash)
    return longer


def make_batch(random: Random, head: Head) -> AuditEntry:
    at = NOW + timedelta(seconds=head.seq)
    return chain_batch(
        [make_transition(random) for _ in range(random.randint(1, 4))],
        batch_id=make_id(random),
        accepted_at=at,
        completed_at=at,
        head=head,
    )


def make_transition(random: Random) -> Transition:
    number = random.randrange(10**6)
    outcome = random.choice(
        [("applied", None, number, number + 10, 1), ("rejected", "SCORE_LIMIT", None, None, 1)]
    )
    return (number, make_id(random), make_id(random), 10, *outcome)


def make_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def head_of(entries: Sequence[AuditEntry]) -> Head:
    return Head(entries[-1].seq, entries[-1].hash) if entries else Head()


def sign(
    entries: Sequence[AuditEntry], *, sizes: Sequence[int], key: SigningKey = KEY
) -> list[StoredCheckpoint]:
    tree, signed = LogTree(), []
    for entry in entries:
        tree.append(entry.entry)
        if tree.size in sizes:
            at = NOW + timedelta(seconds=tree.size)
            note = sign_checkpoint(Checkpoint(tree.size, tree.root, at), key)
            signed.append(StoredCheckpoint(tree.size, note, tree.subtrees, at))
    return signed


def write_file(checkpoints: Sequence[StoredCheckpoint]) -> bytes:
    return "".join(f"{checkpoint.note}\n" for checkpoint in checkpoints).encode()


def find_all_faults(log: Log, path: Path, *, key: SigningKey = KEY) -> list[str]:
    """Return what a check finds that reads both in their order, as it would from the stores."""
    path.write_bytes(log.file)
    check = LogCheck([key.public])
    rows = sorted(log.checkpoints, key=lambda row: row.size)
    marks = pair(rows, KeptCheckpoints(path).iterate(), last_stored=rows[-1].size if rows else 0)
    found = list(check.find_faults(sorted(log.entries, key=lambda entry: entry.seq), marks))
    if check.chain.head != log.head:
        found.append(f"the chain ends with audit entry {check.chain.head.seq}")
    return found
