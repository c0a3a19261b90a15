"""What was written, by the records of the write-ahead log; the pure part of the counting.

Every heap tuple and every index entry is one record there, those of partitions, TOAST tables and
partial indexes too, so nothing is derived from the number of a table's indexes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# A new version of a row is a tuple as an inserted one is; a deletion writes to the old tuple.
# HEAP_INSERT of many rows at once (COPY) is one record; the product does not use it.
_TUPLES = frozenset(
    f"{name}{suffix}"
    for name in ("Heap/INSERT", "Heap/UPDATE", "Heap/HOT_UPDATE", "Heap/DELETE")
    for suffix in ("", "+INIT")
) | {"Heap2/MULTI_INSERT", "Heap2/MULTI_INSERT+INIT"}
# A page that splits takes the new entry in the same record. INSERT_UPPER is not an entry but the
# link from the page above, INSERT_META the one to a new root.
_ENTRIES = frozenset({"Btree/INSERT_LEAF", "Btree/INSERT_POST", "Btree/SPLIT_L", "Btree/SPLIT_R"})
_COMMITS = frozenset({"Transaction/COMMIT", "Transaction/COMMIT_PREPARED"})
_ROW_LOCKS = frozenset({"Heap/LOCK", "Heap2/LOCK_UPDATED"})


@dataclass(frozen=True)
class Writes:
    """The records of a part of the log, by what they mean."""

    heap_tuples: int
    index_entries: int
    row_locks: int
    commits: int


def count_writes(records: Mapping[str, int]) -> Writes:
    """Return what these records wrote; their names are `manager/type` as pg_walinspect's."""

    def total(names: frozenset[str]) -> int:
        return sum(count for name, count in records.items() if name in names)

    return Writes(
        heap_tuples=total(_TUPLES),
        index_entries=total(_ENTRIES),
        row_locks=total(_ROW_LOCKS),
        commits=total(_COMMITS),
    )
