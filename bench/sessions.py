"""Opens a bench: a stack of its own, warmed up, with its players, its meter and its sent log."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.costs.meter import open_meter
from bench.costs.statistics import prepare_statistics
from bench.profiling import Profile
from bench.running import Bench
from bench.sent_log import open_sent_log
from rig.players import write_players
from rig.stack import running_stack

REST_SECONDS = 5.0  # how long processes work on after their start


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How arms are measured: the folder of the stores, the players, and the times of an arm."""

    root: Path
    folder: Path
    players: int
    seconds: float
    lead_seconds: float
    profile: Profile | None = None


@contextmanager
def open_bench(
    plan: Plan, project: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Bench]:
    """Start a stack of the project in this folder, at rest and not warmed up.

    `settings` are further environment variables. Raises LocalError when it does not start.
    """
    with running_stack(project, plan.folder, settings) as stack:
        prepare_statistics(stack)
        with open_sent_log(stack.database_url) as sent_log, open_meter(stack) as meter:
            bench = Bench(
                root=plan.root,
                stack=stack,
                meter=meter,
                sent_log=sent_log,
                players=write_players(stack, plan.players),
                seconds=plan.seconds,
                lead_seconds=plan.lead_seconds,
                profile=plan.profile,
            )
            time.sleep(REST_SECONDS)
            yield bench
