"""The check of the whole log, pure: its chain, its leaves, and its tree at every checkpoint.

It takes entries and checkpoints one by one, in order, and keeps of them what the next one needs.
Called by `log_reading.py`, for `flask audit verify` and `flask verify`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.audit.checkpoints import SignedCheckpoint, StoredCheckpoint, read_checkpoint
from domain.audit.hash_chain import AuditEntry, ChainCheck
from domain.audit.keys import PublicKey
from domain.audit.log_tree import LogTree


@dataclass(frozen=True, slots=True)
class Mark:
    """One checkpoint as the database and the file have it, for the sizes that either names."""

    size: int
    stored: StoredCheckpoint | None
    kept: str | None
    # Whether the file is to have it, and the database.
    needs_kept: bool = True


class LogCheck:
    """Checks a log from its first entry to its last; what it has seen is in its attributes."""

    def __init__(self, keys: Sequence[PublicKey] = ()):
        self.chain = ChainCheck()
        self.tree = LogTree()
        self.checkpoints = 0
        # The last checkpoint that the log agrees with.
        self.last: SignedCheckpoint | None = None
        self._keys = keys
        self._is_contradicted = False

    def find_faults(
        self, entries: Iterable[AuditEntry], marks: Iterable[Mark | str]
    ) -> Iterator[str]:
        """Yield a sentence for each fault; a text among the marks is one, found by their reader."""
        left = iter(marks)
        mark = next(left, None)
        for entry in entries:
            yield from self.chain.find_breaks([entry])
            self.tree.append(entry.entry)
            while mark is not None and _size_of(mark) <= self.tree.size:
                yield from self._look_at(mark)
                mark = next(left, None)
        while mark is not None:
            yield from self._look_at(mark)
            mark = next(left, None)

    @property
    def unsigned(self) -> int:
        """How many entries follow the last checkpoint that the log agrees with."""
        return self.tree.size - (self.last.checkpoint.size if self.last else 0)

    def _look_at(self, mark: Mark | str) -> Iterator[str]:
        if isinstance(mark, str):
            yield mark
            return
        self.checkpoints += 1
        if mark.stored is None:
            yield f"the database lacks checkpoint {mark.size}, which the file has"
        if mark.kept is None and mark.needs_kept:
            yield f"the file lacks checkpoint {mark.size}, which the database has"
        if mark.stored is not None and mark.kept is not None and mark.stored.note != mark.kept:
            yield f"checkpoint {mark.size} is another in the file than in the database"
        signed: list[SignedCheckpoint] = []
        places = {"file": mark.kept, "database": mark.stored and mark.stored.note}
        # The same text in both is read once.
        for note, place in {note: place for place, note in places.items() if note}.items():
            read = read_checkpoint(note)
            if read is None or read.checkpoint.size != mark.size:
                yield f"what the {place} has as checkpoint {mark.size} is not one"
            elif not read.is_signed_by(self._keys):
                yield f"checkpoint {mark.size} in the {place} is not signed by a key that is known"
            else:
                signed.append(read)
        yield from self._compare(mark, signed)

    def _compare(self, mark: Mark, signed: Sequence[SignedCheckpoint]) -> Iterator[str]:
        if mark.size > self.tree.size:
            if signed and not self._is_contradicted:
                self._is_contradicted = True
                yield (
                    f"the log was cut: it has {self.tree.size} entries, and checkpoint {mark.size}"
                    " was signed"
                )
            return
        if mark.size < self.tree.size:
            yield f"checkpoint {mark.size} is not in the order of the others"
            return
        wrong = any(each.checkpoint.root != self.tree.root for each in signed)
        if wrong and not self._is_contradicted:
            self._is_contradicted = True
            yield self._describe_rewrite(mark.size)
        if signed and not wrong:
            self.last = signed[0]
        if mark.stored is not None:
            yield from self._compare_row(mark.stored)

    def _describe_rewrite(self, size: int) -> str:
        known = self.last.checkpoint.size if self.last else 0
        return (
            f"the log was rewritten: an entry of {known + 1} to {size} is not the one that was"
            f" signed with checkpoint {size}"
        )

    def _compare_row(self, row: StoredCheckpoint) -> Iterator[str]:
        note = read_checkpoint(row.note)
        if note is not None and row.signed_at != note.checkpoint.signed_at:
            yield f"checkpoint {row.size} has another time in its row than in its note"
        if row.subtrees != self.tree.subtrees and not self._is_contradicted:
            yield f"checkpoint {row.size} has other subtrees than the log"


def _size_of(mark: Mark | str) -> int:
    return mark.size if isinstance(mark, Mark) else 0


def pair(
    stored: Iterable[StoredCheckpoint],
    kept: Iterable[tuple[str, bool]] | None,
    *,
    last_stored: int,
) -> Iterator[Mark | str]:
    """Yield the checkpoints of both places by their sizes, each once, and what is wrong with order.

    `kept` are the records of the file with whether each must be in the database; None without a
    file. The database has none behind `last_stored`.
    """
    rows, records = iter(stored), _read_records(kept or (), last_stored)
    row, record = next(rows, None), next(records, None)
    while row is not None or record is not None:
        if isinstance(record, str):
            yield record
            record = next(records, None)
        elif record is None or (row is not None and row.size < record.size):
            if row is not None:
                yield Mark(row.size, row, None, needs_kept=kept is not None)
            row = next(rows, None)
        elif row is None or record.size < row.size:
            yield record
            record = next(records, None)
        else:
            yield Mark(row.size, row, record.kept)
            row, record = next(rows, None), next(records, None)


def _read_records(records: Iterable[tuple[str, bool]], last_stored: int) -> Iterator[Mark | str]:
    size = 0
    for number, (record, was_there) in enumerate(records, start=1):
        note = record[:-1] if record.endswith("\n\n") else ""
        read = read_checkpoint(note)
        if read is None:
            if was_there:
                yield f"record {number} of the checkpoint file is damaged"
        elif read.checkpoint.size <= size:
            yield f"record {number} of the checkpoint file is not in the order of the others"
        elif was_there or read.checkpoint.size <= last_stored:
            size = read.checkpoint.size
            yield Mark(size, None, note)
