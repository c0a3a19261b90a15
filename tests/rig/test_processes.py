"""CPU time and memory by kind of process, and the process tree."""

import os
import subprocess
import sys

from rig.processes import (
    children_of,
    cpu_seconds,
    descriptors,
    kind_of,
    memory_bytes,
    spent_between,
    threads,
)

BURN = "n = 0\nwhile n < 3_000_000: n += 1\n"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
print("done", flush=True)
sys.stdin.read()
"""


def test_the_cpu_time_of_an_ended_child_counts_for_its_kind() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        roots = {parent.pid: "burner"}
        assert parent.stdout is not None
        parent.stdout.readline()
        spent = cpu_seconds(roots)["burner"]
        children = children_of(os.getpid())
        occupied = memory_bytes(roots)["burner"]
        private = memory_bytes(roots, of_segments=False)["burner"]
        opened, running = descriptors(roots)["burner"], threads(roots)["burner"]
        parent.communicate()
    assert parent.pid in children
    assert spent > 0.05
    assert 1_000_000 < occupied < 200_000_000
    assert 1_000_000 < private < 200_000_000
    assert opened >= 3  # its standard streams
    assert running == 1


def test_a_process_belongs_to_its_nearest_root() -> None:
    parents = {2: 1, 3: 2, 4: 3, 5: 1}
    roots = {2: "launcher", 3: "api"}
    kinds = [kind_of(pid, parents, roots) for pid in (2, 3, 4, 5)]
    assert kinds == ["launcher", "api", "api", None]


def test_what_was_spent_is_the_difference() -> None:
    assert spent_between({"api": 1.0}, {"api": 1.5, "control": 0.25}) == {
        "api": 0.5,
        "control": 0.25,
    }
