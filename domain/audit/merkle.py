"""Merkle trees, pure: one hash that stands for a list of leaves, and proofs that it holds one.

The tree of RFC 9162 (2.1.1): leaves and nodes are hashed with different prefixes, so that a node
cannot be passed off as a leaf.
"""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


def hash_leaf(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(LEAF + leaf).digest()


def hash_pair(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above these two."""
    return sha256(NODE + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the leaves; of none, the hash of nothing."""
    level = _hash_leaves(leaves)
    while len(level) > 1:
        level = _hash_pairs(level)
    return level[0] if level else sha256().digest()


def merkle_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes with which the leaf at `index` makes the root, from below."""
    path = []
    level = _hash_leaves(leaves)
    while len(level) > 1:
        neighbor = index ^ 1
        if neighbor < len(level):
            path.append(level[neighbor])
        level = _hash_pairs(level)
        index //= 2
    return path


def is_in_tree(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether the path leads from the leaf at `index` to the root of `size` leaves."""
    if not 0 <= index < size:
        return False
    digest, left, last = hash_leaf(leaf), iter(path), size - 1
    while last > 0:
        # The last node of an odd level has no neighbor: it goes up as it is.
        if index % 2 or index < last:
            neighbor = next(left, None)
            if neighbor is None:
                return False
            digest = hash_pair(neighbor, digest) if index % 2 else hash_pair(digest, neighbor)
        index, last = index // 2, last // 2
    return next(left, None) is None and digest == root


def _hash_leaves(leaves: Sequence[bytes]) -> list[bytes]:
    return [hash_leaf(leaf) for leaf in leaves]


def _hash_pairs(level: Sequence[bytes]) -> list[bytes]:
    above = [hash_pair(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above
