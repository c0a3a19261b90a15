"""Checkpointing: sign what the audit log is, into the database, then into a file outside it.

Called by the keeper. Nothing is signed that contradicts what was signed before, or of which the
chain does not hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.audit.checkpoint_file import CheckpointFileError, append_notes, find_last
from domain.audit.checkpoints import (
    Checkpoint,
    SignedCheckpoint,
    StoredCheckpoint,
    read_checkpoint,
    sign_checkpoint,
)
from domain.audit.hash_chain import GENESIS, AuditEntry, entry_hash
from domain.audit.keys import SigningKey
from domain.audit.log_tree import LogTree
from domain.store.postgres.advisory_locks import AdvisoryLock, try_lock
from domain.store.postgres.audit import find_hash, read_head
from domain.store.postgres.checkpoints import (
    find_checkpoint,
    find_last_checkpoint,
    insert_checkpoint,
    list_checkpoints,
    list_entries_to_sign,
)
from domain.store.store import Connection, Store

# About 6 MB and a quarter of a second.
CHUNK_ENTRIES = 20_000


class UnsoundLogError(Exception):
    """What would be signed contradicts what was; the text says how."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What one round did: how many entries were signed, are now, and are not yet."""

    signed: int
    size: int
    left: int


def sign_next(
    store: Store,
    *,
    key: SigningKey,
    path: Path,
    now: datetime,
    chunk_entries: int = CHUNK_ENTRIES,
) -> Signing | None:
    """Sign the next entries behind the last checkpoint, `chunk_entries` at most.

    Returns None while another does it. One transaction, which waits for the disk: what is in the
    file is never lost by a crash of the database. The log's head is not locked. Raises
    UnsoundLogError, and DatabaseUnavailableError.
    """
    kept = _find_kept(path)
    with store.write() as connection:
        if not try_lock(connection, AdvisoryLock.CHECKPOINT):
            return None
        _check_kept(connection, kept)
        last = find_last_checkpoint(connection)
        tree = _continue_tree(last, key)
        entries = list_entries_to_sign(connection, after=tree.size, limit=chunk_entries)
        _append(tree, entries, _find_hash_before(connection, tree.size))
        if entries:
            checkpoint = Checkpoint(tree.size, tree.root, now)
            note = sign_checkpoint(checkpoint, key)
            stored = StoredCheckpoint(tree.size, note, tree.subtrees, now)
            insert_checkpoint(connection, checkpoint=stored)
        left = read_head(connection).seq - tree.size
        if left < 0:
            raise UnsoundLogError("the log's head is before its last entry")
    return Signing(len(entries), tree.size, left)


def keep_outside(store: Store, *, path: Path) -> int:
    """Append to the file the checkpoints that it does not have yet, and return how many.

    Repairs what a crash between database and file has left. Raises CheckpointFileError when the
    file was damaged, OSError when it cannot be written, and DatabaseUnavailableError.
    """
    appended = 0
    while True:
        last = find_last(path)
        read = _read_kept(last)
        with store.write() as connection:
            missing = list_checkpoints(connection, after=read.checkpoint.size if read else 0)
        if not missing:
            return appended
        append_notes(path, [checkpoint.note for checkpoint in missing], last=last)
        appended += len(missing)


def _read_kept(last: str | None) -> SignedCheckpoint | None:
    if last is None:
        return None
    read = read_checkpoint(last)
    if read is None:
        raise CheckpointFileError("does not end with a checkpoint")
    return read


def _find_kept(path: Path) -> SignedCheckpoint | None:
    """Return the last checkpoint of the file; None when there is none, or it cannot be read.

    A file that cannot be read keeps nothing from being signed: `keep_outside` tells of it.
    """
    try:
        return _read_kept(find_last(path))
    except (OSError, CheckpointFileError):
        return None


def _check_kept(connection: Connection, kept: SignedCheckpoint | None) -> None:
    if kept is None:
        return
    size = kept.checkpoint.size
    stored = find_checkpoint(connection, size=size)
    if stored is None:
        raise UnsoundLogError(f"the database lacks checkpoint {size}, which the file has")
    if stored.note != kept.note:
        raise UnsoundLogError(f"checkpoint {size} is another in the file than in the database")


def _continue_tree(last: StoredCheckpoint | None, key: SigningKey) -> LogTree:
    """Return the tree of the last checkpoint, which must be whole and, if of this key, signed."""
    if last is None:
        return LogTree()
    read = read_checkpoint(last.note)
    try:
        tree = LogTree(last.size, last.subtrees)
    except ValueError as error:
        raise UnsoundLogError(f"checkpoint {last.size} was changed") from error
    # The keys of before are known to those who verify, not here.
    is_forged = (
        read is None
        or (read.checkpoint.size, read.checkpoint.root) != (tree.size, tree.root)
        or (read.key_id == key.public.key_id and not read.is_signed_by([key.public]))
    )
    if is_forged:
        raise UnsoundLogError(f"checkpoint {last.size} was changed")
    return tree


def _find_hash_before(connection: Connection, size: int) -> bytes:
    if size == 0:
        return GENESIS
    digest = find_hash(connection, seq=size)
    if digest is None:
        raise UnsoundLogError(f"audit entry {size}, which was signed, is missing")
    return digest


def _append(tree: LogTree, entries: Sequence[AuditEntry], digest: bytes) -> None:
    for entry in entries:
        if entry.seq != tree.size + 1:
            raise UnsoundLogError(f"audit entry {tree.size + 1} is missing")
        if entry_hash(digest, entry.entry) != entry.hash:
            raise UnsoundLogError(f"audit entry {entry.seq} does not follow the one before it")
        tree.append(entry.entry)
        digest = entry.hash
