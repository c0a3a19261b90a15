"""Merkle trees: every leaf has a proof, and nothing else has."""

from hashlib import sha256

import pytest

from domain.audit.merkle import is_in_tree, merkle_path, merkle_root

SIZES = (*range(1, 18), 31, 32, 33, 100)


def make_leaves(size: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(size)]


def split_root(leaves: list[bytes]) -> bytes:
    """Return the root by RFC 9162's own definition, which splits from above."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + split_root(leaves[:left]) + split_root(leaves[left:])).digest()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle_root([]) == sha256(b"").digest()


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_that_of_the_standard(size: int) -> None:
    leaves = make_leaves(size)
    assert merkle_root(leaves) == split_root(leaves)


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_has_a_proof_which_holds_for_no_other_place(size: int) -> None:
    leaves = make_leaves(size)
    root = merkle_root(leaves)
    for index, leaf in enumerate(leaves):
        path = merkle_path(leaves, index)
        places = [
            place
            for place in range(-1, size + 1)
            if is_in_tree(leaf, index=place, size=size, path=path, root=root)
        ]
        assert places == [index]
        assert not is_in_tree(leaf + b"x", index=index, size=size, path=path, root=root)
        assert not is_in_tree(leaf, index=index, size=size, path=[*path, root], root=root)
        if path:
            assert not is_in_tree(leaf, index=index, size=size, path=path[:-1], root=root)
            changed = [bytes(32), *path[1:]]
            assert not is_in_tree(leaf, index=index, size=size, path=changed, root=root)


def test_a_node_is_no_leaf() -> None:
    leaves = make_leaves(2)
    root = merkle_root(leaves)
    node = b"".join(sha256(b"\x00" + leaf).digest() for leaf in leaves)
    assert not is_in_tree(node, index=0, size=1, path=[], root=root)


def test_the_order_of_leaves_is_part_of_the_root() -> None:
    leaves = make_leaves(3)
    assert merkle_root(leaves) != merkle_root(leaves[::-1])
