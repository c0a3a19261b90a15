"""Clocks that are wrong: every decision about time is made by PostgreSQL's."""

import json
import time
from datetime import datetime

from faults.answers import find_slow_or_failed
from faults.children.wrong_clock import WEB_SECONDS, WORKER_SECONDS
from faults.client import Sent
from faults.model import Scenario, Setup, Strike

TOLERANCE_SECONDS = 60.0
ANSWERED_SECONDS = 1.0
LOGS = {"api.log": WEB_SECONDS, "live.log": WEB_SECONDS, "worker.1.log": WORKER_SECONDS}


def be_wrong(strike: Strike) -> None:
    """Let it be so; see that it is so by what the processes write into their logs."""
    while strike.lasts(1.0):
        pass
    logs = strike.system.stack.home.logs
    for name, wanted in LOGS.items():
        off = _read_last_moment((logs / name).read_text()) - time.time()
        if abs(off - wanted) > TOLERANCE_SECONDS:
            strike.problems.append(f"{name} is {off:.0f} s off, not {wanted}: nothing was tried")


def find_felt(strike: Strike, sent: list[Sent]) -> list[str]:
    """Return what players felt of it; they should feel nothing."""
    return find_slow_or_failed(strike, sent, p99_seconds=ANSWERED_SECONDS)


def _read_last_moment(log: str) -> float:
    """Return the last time that a log names, as seconds since the epoch."""
    lines = [line for line in log.splitlines() if line.startswith("{")]
    return datetime.fromisoformat(json.loads(lines[-1])["timestamp"]).timestamp()


SCENARIOS = (
    Scenario(
        name="clocks-wrong",
        strike=be_wrong,
        find_problems=find_felt,
        whole_run=True,
        setup=Setup(
            replaced={
                "wsgi:create_": "faults.children.wrong_clock:create_",
                "python -m workers.consumer actions": "python -m faults.children.wrong_clock",
            }
        ),
    ),
)
