"""Seals: closed rankings are as they were sealed, in every revision, and the audit log says so."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.audit.hash_chain import read_entry
from domain.rankings.closing.sealing import describe_seal, digest_rows, seal_id
from domain.store.postgres.rankings.closing.revisions import iterate_revision
from domain.store.postgres.verify.seals import (
    StoredSeal,
    iterate_seals,
    list_miscounted,
    list_recorded_seals,
)
from domain.store.store import Connection


def check_seals(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each seal that its rows or the audit log contradict.

    Reads the rows of every revision of every closed ranking that its board keeps. The caller takes
    `limit` sentences at most.
    """
    for ranking_no, what in list_miscounted(connection):
        yield f"ranking {ranking_no} {what}"
    recorded = list_recorded_seals(connection)
    for stored in iterate_seals(connection):
        _, entry = recorded.pop(_id(stored), (0, None))
        if entry is None:
            yield f"{_name(stored)} is not in the audit log"
        elif not _agrees(stored, read_entry(entry)):
            yield f"{_name(stored)} is not what the audit log says of it"
        if not stored.is_removed and not _has_its_rows(connection, stored):
            yield f"{_name(stored)} is not of the rows that are there"
    for seq, entry in recorded.values():
        yield f"audit entry {seq} is of a seal that is not there: {read_entry(entry).get('board')}"


def _id(stored: StoredSeal) -> UUID:
    return seal_id(stored.seal.ranking_no, stored.seal.revision)


def _agrees(stored: StoredSeal, said: dict[str, Any]) -> bool:
    expected = describe_seal(stored.seal) | {
        "board": stored.board,
        "period": stored.period_key,
        "segment": stored.segment,
    }
    return all(said.get(name) == value for name, value in expected.items())


def _has_its_rows(connection: Connection, stored: StoredSeal) -> bool:
    rows = iterate_revision(connection, stored.seal.ranking_no, stored.seal.revision)
    return digest_rows(rows) == stored.seal.digest


def _name(stored: StoredSeal) -> str:
    where = " ".join(filter(None, (stored.board, stored.period_key, stored.segment)))
    number, revision, *_ = stored.seal
    return f"the seal of revision {revision} of {where} (ranking {number})"
