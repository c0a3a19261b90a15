"""Duties: work that a process does one after another, each when it is due; used by the keeper."""

import time
from collections.abc import Callable, Sequence

import structlog

from domain.errors import TransientError

logger = structlog.get_logger(__name__)


class DutySchedule:
    """Duties that are run one after another, each when it is due: every so many seconds."""

    def __init__(self, duties: Sequence[tuple[float, Callable[[], None]]]):
        self._duties = duties
        self._due = dict.fromkeys((duty.__name__ for _, duty in duties), 0.0)

    def run_due(self) -> None:
        """Run the duties that are due; one that fails does not stop the others.

        After a TransientError a duty stays due. After any other error it waits for its pause.
        """
        for pause_seconds, duty in self._duties:
            if time.monotonic() < self._due[duty.__name__]:
                continue
            try:
                duty()
            except TransientError as error:
                logger.warning("duty put off", duty=duty.__name__, cause=type(error).__name__)
                continue
            except Exception:  # the other duties do not depend on this one
                logger.exception("duty failed", duty=duty.__name__)
            self._due[duty.__name__] = time.monotonic() + pause_seconds

    def make_due(self, duty: Callable[[], None], *, in_seconds: float = 0.0) -> None:
        """Let the next `run_due` run this duty, or the first one after these seconds."""
        self._due[duty.__name__] = time.monotonic() + in_seconds
