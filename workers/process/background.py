"""Supervised background threads: an exception never ends one silently.

Used by every process for the work outside its requests and tasks. `/health` shows the last
successes; `laurel_background_failures_total` counts the failures.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

import structlog

from domain.errors import TransientError
from workers import metrics

logger = structlog.get_logger(__name__)

# A step that fails at once must not fill the log: the least pause before the next step.
FAILURE_PAUSE_SECONDS = 0.1
# A thread without a success for so long, or for ten of its intervals, is stuck: longer than any
# statement of the database may take (10 s), so that a slow one is not taken for a stuck thread.
STUCK_SECONDS = 15.0
STUCK_INTERVALS = 10
# An essential thread without a success for so long ends its process, which is then restarted.
FATAL_SECONDS = 60.0


def end_process() -> None:
    """Shut this process down gracefully, as its supervisor would."""
    os.kill(os.getpid(), signal.SIGTERM)


class BackgroundThread:
    """Calls `step` again and again, `every_seconds` apart or when woken, until it is stopped.

    An exception is logged and counted, and the thread goes on; a TransientError is a warning, once
    until the next success. An `essential` thread that has failed for FATAL_SECONDS without a
    success ends the process: a restart may help, and without the thread the process would look
    alive and serve nothing. A step that waits for work must return every few seconds without it,
    or it looks stuck. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        *,
        every_seconds: float = 0.0,
        essential: bool = False,
        clock: Callable[[], float] = time.monotonic,
        end_process: Callable[[], None] = end_process,
    ):
        self.name = name
        self._step = step
        self._every_seconds = every_seconds
        self._essential = essential
        self._clock = clock
        self._end_process = end_process
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._last_success = clock()
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failures = metrics.background_failures.labels(name)

    @property
    def is_alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    @property
    def seconds_since_success(self) -> float:
        """Seconds since a step last succeeded, or since the thread was started."""
        return self._clock() - self._last_success

    @property
    def is_healthy(self) -> bool:
        """Whether the thread runs and is not stuck: its last success is not too long ago."""
        stuck_seconds = max(STUCK_SECONDS, STUCK_INTERVALS * self._every_seconds)
        return self._thread.is_alive() and self.seconds_since_success <= stuck_seconds

    def start(self) -> None:
        """Start the thread."""
        self._last_success = self._clock()
        self._thread.start()

    def wake(self) -> None:
        """Run the next step now instead of when it is due."""
        self._woken.set()

    def pause(self, seconds: float) -> None:
        """Wait inside a step, until the thread is woken or stopped at the latest."""
        if not self._stopping.is_set():
            self._woken.wait(seconds)

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """Start no further step, and wait up to `timeout_seconds` for the current one."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_seconds)

    def run_step(self) -> bool:
        """Run one step under supervision; return whether it succeeded."""
        try:
            self._step()
        except TransientError as error:
            if not self._is_failing:
                cause = type(error).__name__
                logger.warning("background step postponed", thread=self.name, cause=cause)
        except Exception:  # the thread must outlive it
            logger.exception("background step failed", thread=self.name)
        else:
            self._last_success = self._clock()
            self._is_failing = False
            return True
        self._is_failing = True
        self._failures.inc()
        if self._essential and self.seconds_since_success > FATAL_SECONDS:
            logger.critical("process ends: an essential thread keeps failing", thread=self.name)
            self._end_process()
        return False

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._run_and_pause()
        finally:
            # A SystemExit of the step, for instance, ends the thread, and Python says nothing.
            if self._essential and not self._stopping.is_set():
                logger.critical("process ends: an essential thread has ended", thread=self.name)
                self._end_process()

    def _run_and_pause(self) -> None:
        self._woken.clear()
        succeeded = self.run_step()
        pause_seconds = self._every_seconds
        if not succeeded:
            pause_seconds = max(pause_seconds, FAILURE_PAUSE_SECONDS)
        if pause_seconds and not self._stopping.is_set():
            self._woken.wait(pause_seconds)
