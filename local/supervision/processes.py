"""One supervised process: its output, its exit status, and the time of its next start."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.supervision.logs import LineFilter, RotatingLog
from local.supervision.process_groups import signal_group
from local.supervision.spawning import Launch, spawn

# An action that kills whatever takes it up has to kill several processes before it is given up, and
# all others wait until those are back: only what ends again and again is started later and later.
SOON_STARTS = 4
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 10.0
HEALTHY_SECONDS = 10.0
CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class ExitStatus:
    """How a process ended; `code` is negative for a signal."""

    code: int

    def __str__(self) -> str:
        if self.code >= 0:
            return f"exit code {self.code}"
        with suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"


class SupervisedProcess:
    """A process that is started again when it ends: soon at first, then with growing delays."""

    def __init__(
        self, launch: Launch, *, logs: Path, tier: int, verbose: bool, quiet: bool
    ) -> None:
        self.launch = launch
        self.tier = tier
        self.log_path = logs / f"{launch.name}.log"
        self.due_at: float | None = None
        self.output: int | None = None
        self.restarts = True
        self.ended: ExitStatus | None = None
        self.failures = 0
        self._quiet = quiet and not verbose
        self._verbose = verbose
        self._log = RotatingLog(self.log_path)
        self._lines = LineFilter(everything=verbose)
        self._ends_in_a_row = 0
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.launch.name

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> int:
        """Start the process and return its id."""
        self.close_output()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            self._process = spawn(self.launch, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.output = reading
        self.due_at = None
        self._started_at = time.monotonic()
        return self._process.pid

    def read(self) -> list[str] | None:
        """Copy its output to its log; return the lines for the terminal, None at the end."""
        if self.output is None:
            return None
        try:
            chunk = os.read(self.output, CHUNK_BYTES)
        except BlockingIOError:
            return []
        if not chunk:
            return None
        self._log.write(chunk)
        return [] if self._quiet else self._lines.feed(chunk)

    def reap(self) -> ExitStatus | None:
        """Return its exit status if it has ended, after killing the rest of its group.

        It checks before it waits: until the leader is waited for, the kernel cannot give the
        group's id to another process.
        """
        if self._process is None:
            return None
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, self._process.pid, options) is None:
            return None
        signal_group(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._process = None
        self.ended = ExitStatus(code)
        self.failures += 1
        return self.ended

    def schedule_restart(self) -> float:
        """Set the time of its next start and return the delay in seconds.

        SOON_STARTS are soon; from then on each delay is twice the one before. What has run for
        HEALTHY_SECONDS begins again.
        """
        now = time.monotonic()
        if now - self._started_at >= HEALTHY_SECONDS:
            self._ends_in_a_row = 0
        self._ends_in_a_row += 1
        doublings = max(self._ends_in_a_row - SOON_STARTS, 0)
        delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(doublings, 16), LONGEST_DELAY_SECONDS)
        self.due_at = now + delay
        return delay

    def is_due(self) -> bool:
        """Return whether it should be started now."""
        return self.due_at is not None and time.monotonic() >= self.due_at

    def request_stop(self) -> None:
        """Send the leader its stop signal; it stops its children itself."""
        if self._process is not None:
            self._process.send_signal(self.launch.stop_signal)

    def kill(self) -> None:
        """Kill the whole process group."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)

    def log(self, text: str) -> None:
        """Write a line of the launcher to the log of the process."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._log.write(f"{stamp} [launcher] {text}\n".encode())

    def close(self) -> None:
        """Close its output and its log."""
        self.close_output()
        self._log.close()

    def close_output(self) -> None:
        """Close the launcher's end of the output pipe."""
        if self.output is not None:
            os.close(self.output)
            self.output = None
