"""The metrics of forked processes: each has its own file, though none keeps asking who it is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = """
import os
from prometheus_client import Counter
from web.server.serve import remember_process_id
remember_process_id()
counter = Counter("things", "Things")
counter.inc(1)
asked = []
ask, os.getpid = os.getpid, lambda: asked.append(1) or ask()
child = os.fork()
counter.inc(10 if child else 100)
assert len(asked) == (0 if child else 1), asked
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", SCRIPT], env=environ, check=True, timeout=60)
    files = sorted(tmp_path.glob("counter_*.db"))
    assert len(files) == 2
    show = (
        "from prometheus_client import CollectorRegistry, generate_latest\n"
        "from prometheus_client.multiprocess import MultiProcessCollector\n"
        "registry = CollectorRegistry()\n"
        "MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", show], env=environ, check=True, timeout=60, capture_output=True
    )
    # The child began at nothing: what its parent had counted is in the parent's file.
    assert b"things_total 111.0" in shown.stdout
