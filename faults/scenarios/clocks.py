"""Wrong clocks of processes: every decision about time uses PostgreSQL's clock."""

import json
import time
from datetime import datetime

from faults.answers import find_slow_or_failed
from faults.children.wrong_clock import WEB_SECONDS, WORKER_SECONDS
from faults.client import Sent
from faults.scenario import Injection, Scenario, Setup

TOLERANCE_SECONDS = 60.0
ANSWERED_SECONDS = 1.0
LOGS = {"api.log": WEB_SECONDS, "live.log": WEB_SECONDS, "worker.1.log": WORKER_SECONDS}


def observe_wrong_clocks(injection: Injection) -> None:
    """Wait, then check by the timestamps in the logs that the clocks were wrong."""
    while injection.lasts(1.0):
        pass
    logs = injection.system.stack.home.logs
    for name, wanted in LOGS.items():
        off = _read_last_timestamp((logs / name).read_text()) - time.time()
        if abs(off - wanted) > TOLERANCE_SECONDS:
            injection.problems.append(
                f"{name} is {off:.0f} s off, not {wanted}: the fault had no effect"
            )


def find_effects_on_players(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow and failed requests; there should be none."""
    return find_slow_or_failed(injection, sent, p99_seconds=ANSWERED_SECONDS)


def _read_last_timestamp(log: str) -> float:
    """Return the last timestamp in a log, as seconds since the epoch."""
    lines = [line for line in log.splitlines() if line.startswith("{")]
    return datetime.fromisoformat(json.loads(lines[-1])["timestamp"]).timestamp()


SCENARIOS = (
    Scenario(
        name="clocks-wrong",
        inject=observe_wrong_clocks,
        find_problems=find_effects_on_players,
        whole_run=True,
        setup=Setup(
            replaced={
                "python -m web.server.serve": "python -m web.server.serve"
                " --target faults.children.wrong_clock:create_api",
                "web.live.app:create_live": "faults.children.wrong_clock:create_live",
                "python -m workers.consumer actions": "python -m faults.children.wrong_clock",
            }
        ),
    ),
)
