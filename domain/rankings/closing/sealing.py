"""Sealing, pure: the bytes that a seal's hash is over, the seal's id, and what the log says of it.

Used by `closing.py` and, to check it, by `domain/verification/seals.py`.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

# Makes the ids of seals; never changed, because the audit log has them.
_SEALS = UUID("a8e0f8ad-c211-4da5-974a-d64e37e2db13")


class RevisionRow(NamedTuple):
    """A player's row in one revision of a ranking, as `RankingRow`, with what readers are shown."""

    user_id: UUID
    value: int
    columns: tuple[int, ...]
    reached_seq: int
    sort_key: bytes
    last_updated: datetime


class Digest(NamedTuple):
    """What a revision comes to: the number of its rows, and the hash over all of them in order."""

    rows: int
    sha256: bytes


class Seal(NamedTuple):
    """The seal of one revision of a ranking."""

    ranking_no: int
    revision: int
    digest: Digest
    sealed_at: datetime


def write_line(row: RevisionRow) -> bytes:
    """Return the line of a row: a JSON array without spaces, and a line feed.

    `[userId, value, [columns], reachedSeq]`: the id in lower case, numbers as they are stored. The
    order of the lines is the ranking. The time of the last update is not in it: it is the time of
    work, which a replay does not repeat.
    """
    line = [str(row.user_id), row.value, row.columns, row.reached_seq]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def digest_rows(rows: Iterable[RevisionRow]) -> Digest:
    """Return the number of the rows, and SHA-256 over their lines."""
    digest, count = hashlib.sha256(), 0
    for row in rows:
        digest.update(write_line(row))
        count += 1
    return Digest(count, digest.digest())


def seal_id(ranking_no: int, revision: int) -> UUID:
    """Return the id under which the audit log has a seal; the same, whichever process makes it."""
    return uuid5(_SEALS, f"{ranking_no}:{revision}")


def describe_seal(seal: Seal) -> dict[str, Any]:
    """Return what the audit log says of a seal, beside which board and period it is of."""
    return {
        "ranking": seal.ranking_no,
        "revision": seal.revision,
        "rows": seal.digest.rows,
        "sha256": seal.digest.sha256.hex(),
    }
