"""py-spy on one process while an arm runs, for `--profile`.

It pauses the process for each sample, so rates measured with it must not be quoted.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

SAMPLES_PER_SECOND = 200
END_SECONDS = 30.0


@dataclass(frozen=True)
class Profile:
    """The kind of process to sample, and the folder of the flame graphs."""

    kind: str
    folder: Path

    @contextmanager
    def recording(self, roots: Mapping[int, str], label: str, seconds: float) -> Iterator[None]:
        """Record during the context; raises LocalError with the output of py-spy."""
        pid = next((pid for pid, kind in roots.items() if kind == self.kind), None)
        if pid is None:
            kinds = ", ".join(sorted(set(roots.values())))
            raise LocalError(f"there is no process of kind '{self.kind}'; choose from: {kinds}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.kind}-{label.replace(' ', '-')}.svg"
        command = [str(Path(sys.executable).with_name("py-spy")), "record", "--subprocesses"]
        command += ["--rate", str(SAMPLES_PER_SECOND), "--duration", str(max(int(seconds), 1))]
        command += ["--format", "flamegraph", "--output", str(path), "--pid", str(pid)]
        spy = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield
            output = spy.communicate(timeout=END_SECONDS)[0]
        finally:
            spy.kill()
            spy.wait()
        if not path.exists():
            raise LocalError(f"py-spy could not sample {self.kind}:\n  {output.strip()[-800:]}")
