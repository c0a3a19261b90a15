"""CPU and memory of the running processes by kind, read from /proc."""

import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[int, str]) -> dict[str, float]:
    """Return the CPU time of each kind: of its roots, all below them, and what has ended there.

    A process belongs to its nearest ancestor among the roots. A child that was waited for is in
    its parent's sum, so nothing is lost and nothing counts twice.
    """
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for pid in _process_ids():
        with suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            parents[pid] = int(fields[1])
            seconds[pid] = sum(map(int, fields[11:15])) / TICKS_PER_SECOND
    totals: dict[str, float] = defaultdict(float)
    for pid, spent in seconds.items():
        kind = kind_of(pid, parents, roots)
        if kind is not None:
            totals[kind] += spent
    return dict(totals)


def memory_bytes(roots: Mapping[int, str]) -> dict[str, int]:
    """Return the proportional set size of each kind: shared pages count once, in shares."""
    parents: dict[int, int] = {}
    for pid in _process_ids():
        with suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            parents[pid] = int(fields[1])
    totals: dict[str, int] = defaultdict(int)
    for pid in parents:
        kind = kind_of(pid, parents, roots)
        if kind is not None:
            with suppress(OSError):
                totals[kind] += _proportional_bytes(pid)
    return dict(totals)


def kind_of(pid: int, parents: Mapping[int, int], roots: Mapping[int, str]) -> str | None:
    """Return the kind of a process, or None when it stands below none of the roots."""
    while pid > 1:
        if pid in roots:
            return roots[pid]
        pid = parents.get(pid, 0)
    return None


def spent_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return the CPU seconds spent by each kind between two readings."""
    return {kind: max(after[kind] - before.get(kind, 0.0), 0.0) for kind in sorted(after)}


def _process_ids() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdigit()]


def _proportional_bytes(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
