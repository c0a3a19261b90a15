"""The process tree, and the CPU time and memory of its parts, read from /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[int, str]) -> dict[str, float]:
    """Return the CPU time used so far by each kind of process, its ended descendants included.

    `roots` maps process ids to kinds; a process belongs to its nearest ancestor among them. The
    kernel adds the time of a child that was waited for to its parent, so none is lost or counted
    twice.
    """
    totals: dict[str, float] = defaultdict(float)
    for _, kind, stat in _processes_of(roots):
        totals[kind] += sum(map(int, stat[11:15])) / TICKS_PER_SECOND
    return dict(totals)


def memory_bytes(roots: Mapping[int, str], *, of_segments: bool = True) -> dict[str, int]:
    """Return the proportional set size of each kind: a shared page counts once, in fractions.

    Without `of_segments`, shared memory is left out, such as the buffers of PostgreSQL.
    """
    totals: dict[str, int] = defaultdict(int)
    for pid, kind, _ in _processes_of(roots):
        with suppress(OSError):
            sizes = _proportional_bytes(pid)
            totals[kind] += sizes.get("Pss", 0)
            totals[kind] -= 0 if of_segments else sizes.get("Pss_Shmem", 0)
    return dict(totals)


def descriptors(roots: Mapping[int, str]) -> dict[str, int]:
    """Return the open file descriptors of each kind of process."""
    totals: dict[str, int] = defaultdict(int)
    for pid, kind, _ in _processes_of(roots):
        with suppress(OSError):
            totals[kind] += len(os.listdir(PROC / str(pid) / "fd"))
    return dict(totals)


def threads(roots: Mapping[int, str]) -> dict[str, int]:
    """Return the threads of each kind of process."""
    totals: dict[str, int] = defaultdict(int)
    for _, kind, stat in _processes_of(roots):
        totals[kind] += int(stat[17])
    return dict(totals)


def children_of(parent: int) -> list[int]:
    """Return the ids of the direct children of a process, in ascending order."""
    return sorted(pid for pid, stat in _read_stats() if int(stat[1]) == parent)


def kind_of(pid: int, parents: Mapping[int, int], roots: Mapping[int, str]) -> str | None:
    """Return the kind of a process, or None when none of its ancestors is among the roots."""
    while pid > 1:
        if pid in roots:
            return roots[pid]
        pid = parents.get(pid, 0)
    return None


def spent_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return the CPU seconds that each kind used between two readings."""
    return {kind: max(after[kind] - before.get(kind, 0.0), 0.0) for kind in sorted(after)}


def _processes_of(roots: Mapping[int, str]) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each process that has a kind, with its kind and its fields."""
    fields = dict(_read_stats())
    parents = {pid: int(stat[1]) for pid, stat in fields.items()}
    for pid, stat in fields.items():
        kind = kind_of(pid, parents, roots)
        if kind is not None:
            yield pid, kind, stat


def _read_stats() -> Iterator[tuple[int, list[str]]]:
    """Yield each process id with the fields of its `stat` file that follow the command's name."""
    for name in os.listdir(PROC):
        if name.isdigit():
            with suppress(OSError):
                yield int(name), (PROC / name / "stat").read_text().rpartition(")")[2].split()


def _proportional_bytes(pid: int) -> dict[str, int]:
    """Return the proportional set size of a process, and its parts, by the kernel's names."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return {name.rstrip(":"): int(size) * 1024 for name, size, *_ in fields}
