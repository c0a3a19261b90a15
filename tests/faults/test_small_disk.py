"""A disk that is filled to the last byte and freed, and that ends with its process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults.small_disk import can_mount
from tests.databases import ROOT

# In a process of its own: its mounts are not ours.
FILL = """
import sys
from pathlib import Path
from faults.small_disk import SmallDisk

data = Path(sys.argv[1])
disk = SmallDisk(data, 4)
assert (data / "kept").read_text() == "before"
assert disk.fill() > 3_000_000
try:
    (data / "more").write_text("x")
except OSError as error:
    print(error.strerror)
disk.free()
assert (data / "more").write_text("x") == 1
"""


@pytest.mark.skipif(not can_mount(), reason="only root may mount")
def test_a_full_disk_takes_nothing_until_it_has_room_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "kept").write_text("before")
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(data)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "No space left on device\n"
    assert list(data.iterdir()) == [], "mounted for that process alone"
