"""Listeners in a process of their own, whose CPU time is counted apart."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bench.live.job import END, READY, LiveJob, LiveReport
from local.errors import LocalError
from rig.child import Child

REPORT_SECONDS = 120.0


@contextmanager
def listening(root: Path, env: Mapping[str, str], job: LiveJob) -> Iterator[Child]:
    """Start listeners, all of which are connected when this returns. Raises LocalError."""
    with Child(root, "bench.live", env=env) as child:
        child.send_line(json.dumps(asdict(job)))
        if child.read_line().strip() != READY:
            raise LocalError("the listeners could not connect; their errors are above.")
        yield child


def finish(child: Child) -> LiveReport:
    """Let the listeners leave, and return what they saw."""
    child.send_line(END)
    return LiveReport(**json.loads(child.finish(REPORT_SECONDS)))
