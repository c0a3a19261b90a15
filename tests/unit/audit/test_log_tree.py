"""The log's tree: it grows to what RFC 9162 says, and its paths hold for it alone."""

from hashlib import sha256

import pytest

from domain.audit.log_tree import (
    LogTree,
    compute_roots,
    continues,
    list_consistency_ranges,
    list_inclusion_ranges,
)
from domain.audit.merkle import is_in_tree, merkle_path, merkle_root

SIZES = range(1, 34)
ENTRIES = [f'{{"seq":{number}}}' for number in range(1, 41)]


def make_tree(size: int) -> LogTree:
    tree = LogTree()
    for entry in ENTRIES[:size]:
        tree.append(entry)
    return tree


def encode(entries: list[str]) -> list[bytes]:
    return [entry.encode() for entry in entries]


def test_the_tree_of_nothing_has_the_hash_of_nothing() -> None:
    assert (LogTree().root, LogTree().subtrees) == (sha256().digest(), b"")


@pytest.mark.parametrize("size", SIZES)
def test_it_has_the_root_of_all_entries_also_when_it_is_continued(size: int) -> None:
    for known in range(size + 1):
        before = make_tree(known)
        tree = LogTree(known, before.subtrees)
        for entry in ENTRIES[known:size]:
            tree.append(entry)
        assert (tree.size, tree.root) == (size, merkle_root(encode(ENTRIES[:size])))
        assert tree.subtrees == make_tree(size).subtrees


def test_subtrees_that_are_not_those_of_the_size_are_refused() -> None:
    for size, subtrees in ((3, b"x" * 32), (0, b"x"), (-1, b"x" * 32), (1, b"x" * 33)):
        with pytest.raises(ValueError, match="not the subtrees"):
            LogTree(size, subtrees)


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_has_a_path_from_one_pass(size: int) -> None:
    for index in range(size):
        ranges = list_inclusion_ranges(index, size)
        roots = compute_roots(ranges, ENTRIES)
        path = [roots[each] for each in ranges]
        assert path == merkle_path(encode(ENTRIES[:size]), index)
        leaf = ENTRIES[index].encode()
        root = make_tree(size).root
        assert is_in_tree(leaf, index=index, size=size, path=path, root=root)


def path_between(old_size: int, size: int) -> list[bytes]:
    ranges = list_consistency_ranges(old_size, size)
    roots = compute_roots(ranges, ENTRIES)
    return [roots[each] for each in ranges]


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_is_shown_to_continue_each_smaller_one_and_no_other(size: int) -> None:
    root = make_tree(size).root
    for old_size in range(1, size):
        path = path_between(old_size, size)
        old_root = make_tree(old_size).root

        def holds(
            old_root: bytes = old_root, path: list[bytes] = path, old_size: int = old_size
        ) -> bool:
            return continues(old_size=old_size, old_root=old_root, size=size, root=root, path=path)

        assert holds()
        assert not holds(old_root=b"x" * 32)
        assert not holds(path=path[:-1])
        assert not holds(path=[*path, b"x" * 32])
        for place in range(len(path)):
            assert not holds(path=[*path[:place], b"x" * 32, *path[place + 1 :]])


def test_nothing_continues_itself_or_a_larger_tree() -> None:
    for old_size in (0, 4, 5):
        root = make_tree(4).root
        assert not continues(old_size=old_size, old_root=root, size=4, root=root, path=[root])


def test_a_log_that_is_too_short_has_no_path() -> None:
    with pytest.raises(ValueError, match="too few entries"):
        compute_roots(list_inclusion_ranges(0, 8), ENTRIES[:7])


# The example of RFC 9162, 2.1.5: seven leaves, and the proofs of d0, d3, d4, d6 and of 3, 4 and 6.
@pytest.mark.parametrize(
    ("index", "ranges"),
    [
        (0, [(1, 2), (2, 4), (4, 7)]),
        (3, [(2, 3), (0, 2), (4, 7)]),
        (4, [(5, 6), (6, 7), (0, 4)]),
        (6, [(4, 6), (0, 4)]),
    ],
)
def test_the_inclusion_proofs_of_the_standard_s_example(
    index: int, ranges: list[tuple[int, int]]
) -> None:
    assert list_inclusion_ranges(index, 7) == ranges


@pytest.mark.parametrize(
    ("old_size", "ranges"),
    [
        (3, [(2, 3), (3, 4), (0, 2), (4, 7)]),
        (4, [(4, 7)]),
        (6, [(4, 6), (6, 7), (0, 4)]),
    ],
)
def test_the_consistency_proofs_of_the_standard_s_example(
    old_size: int, ranges: list[tuple[int, int]]
) -> None:
    assert list_consistency_ranges(old_size, 7) == ranges
