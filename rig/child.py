"""A Python module run as a child process: a job on its first line of stdin, answers on stdout.

It is killed at the end of the context, and by the kernel when its parent dies.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from local.errors import LocalError
from local.supervision.parent_death import die_with_parent

END_SECONDS = 30.0


class Child:
    """`python -m MODULE ARGUMENTS`, with the environment of this process unless one is given."""

    def __init__(
        self, root: Path, module: str, *arguments: str, env: Mapping[str, str] | None = None
    ):
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send_line(self, line: str) -> None:
        """Write one line to its stdin; raises BrokenPipeError when it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read_line(self) -> str:
        """Return the next line of its stdout; an empty string when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def run_for(self, seconds: float) -> None:
        """Wait this long, or until it ends. What it prints meanwhile must fit into the pipe."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Wait until it ends; raises LocalError when it failed."""
        if self._process.wait(seconds) != 0:
            raise LocalError(f"'{self._module}' failed; its error messages are above.")

    def finish(self, seconds: float = END_SECONDS) -> str:
        """Close its stdin, wait until it ends, and return its stdout; LocalError if it failed."""
        output, _ = self._process.communicate(timeout=seconds)
        self.wait(seconds)
        return output
