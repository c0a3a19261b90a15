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
    fields = dict(_read_stats())
    parents = {pid: int(stat[1]) for pid, stat in fields.items()}
    totals: dict[str, float] = defaultdict(float)
    for pid, stat in fields.items():
        kind = kind_of(pid, parents, roots)
        if kind is not None:
            totals[kind] += sum(map(int, stat[11:15])) / TICKS_PER_SECOND
    return dict(totals)


def memory_bytes(roots: Mapping[int, str]) -> dict[str, int]:
    """Return the proportional set size of each kind: a shared page counts once, in fractions."""
    parents = {pid: int(stat[1]) for pid, stat in _read_stats()}
    totals: dict[str, int] = defaultdict(int)
    for pid in parents:
        kind = kind_of(pid, parents, roots)
        if kind is not None:
            with suppress(OSError):
                totals[kind] += _proportional_bytes(pid)
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


def _read_stats() -> Iterator[tuple[int, list[str]]]:
    """Yield each process id with the fields of its `stat` file that follow the command's name."""
    for name in os.listdir(PROC):
        if name.isdigit():
            with suppress(OSError):
                yield int(name), (PROC / name / "stat").read_text().rpartition(")")[2].split()


def _proportional_bytes(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
