"""A process of the rig's own: it is told its job on stdin, answers on stdout, and ends with us."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.errors import LocalError
from local.supervision.lifeline import tie_to_parent

END_SECONDS = 30.0


class Child:
    """`python -m MODULE`, killed at the end of the context."""

    def __init__(self, root: Path, module: str, env: Mapping[str, str] | None = None):
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=root,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, line: str) -> None:
        """Send a line; what is written after its end is not heard."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Return the next line that it says; empty when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def wait(self, seconds: float) -> None:
        """Wait for its end; LocalError when it failed."""
        if self._process.wait(seconds) != 0:
            raise LocalError(f"'{self._module}' failed: see its words above.")

    def finish(self) -> str:
        """Close its stdin and return what it says; LocalError when it failed."""
        said, _ = self._process.communicate(timeout=END_SECONDS)
        self.wait(END_SECONDS)
        return said
