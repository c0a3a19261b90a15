"""The log's tree, pure: the Merkle tree of RFC 9162 (2.1) over the audit log, entry by entry.

A leaf is an entry's exact text. Of a tree only the roots of its full subtrees are kept, one for
each bit of its size, so that it grows without the entries before. Paths are made of the roots of
ranges of entries: one pass over the log gives all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from domain.audit.merkle import hash_leaf, hash_pair

HASH_BYTES = 32

Range = tuple[int, int]
"""Entries from the first place up to, and without, the second; counted from 0."""


class LogTree:
    """The tree over the first `size` entries."""

    def __init__(self, size: int = 0, subtrees: bytes = b""):
        """Raises ValueError unless `subtrees` are as many hashes as `size` has full subtrees."""
        if size < 0 or len(subtrees) != HASH_BYTES * size.bit_count():
            raise ValueError("not the subtrees of that many entries")
        self.size = size
        self._nodes = [
            subtrees[start : start + HASH_BYTES] for start in range(0, len(subtrees), HASH_BYTES)
        ]

    def append(self, entry: str) -> None:
        """Add an entry at the end."""
        node = hash_leaf(entry.encode("utf-8", "surrogatepass"))
        # A full subtree joins each neighbor of its own size.
        size = self.size
        while size & 1:
            node = hash_pair(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    @property
    def subtrees(self) -> bytes:
        """The roots of the full subtrees, the largest first."""
        return b"".join(self._nodes)

    @property
    def root(self) -> bytes:
        """The root over all entries; of none, the hash of nothing."""
        if not self._nodes:
            return sha256().digest()
        *left, root = self._nodes
        for node in reversed(left):
            root = hash_pair(node, root)
        return root


def list_inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose roots lead from the entry at `index` to the root, from below."""
    found: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def list_consistency_ranges(old_size: int, size: int) -> list[Range]:
    """Return the ranges whose roots show that a tree continues its first `old_size` entries.

    SUBPROOF of RFC 9162, 2.1.4.1; `old_size` is at least 1 and less than `size`.
    """
    found: list[Range] = []
    start, end = 0, size
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    # The old tree itself is known to the reader, unless it ends in a subtree of its own.
    if start:
        found.append((start, end))
    return found[::-1]


def compute_roots(ranges: Iterable[Range], entries: Iterable[str]) -> Mapping[Range, bytes]:
    """Return the root of each range, from one pass over the log's entries; ranges do not overlap.

    Raises ValueError when the log ends before the last range does.
    """
    roots: dict[Range, bytes] = {}
    numbered = iter(enumerate(entries))
    for start, end in sorted(ranges):
        tree = LogTree()
        for index, entry in numbered:
            if index >= start:
                tree.append(entry)
            if index == end - 1:
                break
        if tree.size != end - start:
            raise ValueError("the log has too few entries")
        roots[start, end] = tree.root
    return roots


def continues(
    *, old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether the path shows that the tree holds the old one's entries, then others.

    The algorithm of RFC 9162, 2.1.4.2.
    """
    if not 0 < old_size < size:
        return False
    nodes = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    if not nodes or not path:
        return False
    old, last = old_size - 1, size - 1
    while old & 1:
        old, last = old >> 1, last >> 1
    old_made = made = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if old & 1 or old == last:
            old_made, made = hash_pair(node, old_made), hash_pair(node, made)
            while old and not old & 1:
                old, last = old >> 1, last >> 1
        else:
            made = hash_pair(made, node)
        old, last = old >> 1, last >> 1
    return (old_made, made, last) == (old_root, root, 0)


def _split(size: int) -> int:
    """Return the largest power of two below `size`, where its tree is split."""
    return 1 << ((size - 1).bit_length() - 1)
