"""Measures actions and rank look-ups at several numbers of players, each on a new stack."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis
from rich.console import Console

from bench.arms import BATCH_SIZE, Arm
from bench.costs.statistics import connect_superuser
from bench.reporting.table import progress
from bench.results import Measured
from bench.running import Bench
from bench.scale.population import Veteran, insert_veterans, make_veterans
from bench.sessions import Plan, open_bench
from rig.draining import wait_until
from rig.players import read_players
from rig.stack import Stack

SIZES = (10_000, 100_000, 1_000_000)
# The same number of players acts one by one at every size; batches and look-ups are of all.
ACTING = 5_000
# More would need more memory in the generator than the stack has.
MOST_LISTED = 200_000
REBUILD_SECONDS = 600.0
WARM_UP_SECONDS = 3.0
# Every action is followed by one look-up, on the same connection.
RANKED = Arm(name="single + rank", kind="ranked", connections=64, actions_per_request=0.5)
ARMS = (
    RANKED,
    Arm(name="batch", kind="batch", connections=16, actions_per_request=BATCH_SIZE),
    Arm(name="rank", kind="rank", connections=64, actions_per_request=0),
)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What was measured with one number of players."""

    players: int
    rebuild_seconds: float | None  # None: not within REBUILD_SECONDS
    memory: dict[str, float]  # megabytes by kind of process, after the rebuild
    arms: list[Measured]
    violations: str

    @property
    def holds(self) -> bool:
        """Return whether the board was rebuilt, actions applied once, and the invariants hold."""
        return (
            self.rebuild_seconds is not None
            and not self.violations
            and all(measured.holds for measured in self.arms)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the size as an entry of `scale`."""
        return {
            "players": self.players,
            "rebuild_s": self.rebuild_seconds,
            "memory_mb": self.memory,
            "arms": [measured.as_json() for measured in self.arms],
            "holds": self.holds,
        }


def measure_sizes(plan: Plan, sizes: Sequence[int], console: Console) -> list[Scale]:
    """Measure every size; raises LocalError when a stack does not start."""
    return [_measure_size(plan, size, console) for size in sizes]


def _measure_size(plan: Plan, size: int, console: Console) -> Scale:
    few = replace(plan, players=min(ACTING, size))
    with open_bench(few, plan.root) as bench:
        populate(bench, size)
        rebuild_seconds = _rebuild_board(bench.stack)
        console.print(f"{size:,} players: rebuilding the board took {rebuild_seconds} s")
        memory = bench.memory().as_json()["by_kind_mb"]
        replace(bench, seconds=WARM_UP_SECONDS, profile=None).measure(RANKED)
        arms = []
        for arm in ARMS:
            arms.append(bench.measure(arm))
            console.print(progress(arms[-1]), markup=False)
        return Scale(
            players=size,
            rebuild_seconds=rebuild_seconds,
            memory=memory,
            arms=arms,
            violations=bench.stack.find_violations(),
        )


def populate(bench: Bench, size: int) -> None:
    """Insert the players, and add those without a token to the file of the players."""
    acting, _ = read_players(bench.players)
    veterans = make_veterans([player.user_id for player in acting], size)
    connection = connect_superuser(bench.stack)
    try:
        insert_veterans(connection, veterans, bench.stack.home.folder / "archives")
    finally:
        connection.close()
    _list_others(bench.players, {player.user_id for player in acting}, veterans)


def _list_others(path: Path, acting: set[str], veterans: Sequence[Veteran]) -> None:
    """Add up to MOST_LISTED players without a token; they are in random order."""
    *players, service = path.read_text().splitlines()
    others = [veteran.user_id for veteran in veterans if veteran.user_id not in acting]
    lines = [*players, *(f"{user_id}\t" for user_id in others[:MOST_LISTED]), service]
    path.write_text("\n".join(lines) + "\n")


def _rebuild_board(stack: Stack) -> float | None:
    """Empty Valkey, and return the seconds in which the keeper rebuilt the board, by its log."""
    log = stack.home.logs / "keeper.log"
    known = len(find_rebuilds(log.read_text(errors="replace")))
    client = redis.Redis.from_url(stack.env["REDIS_URL"])
    client.flushall()
    client.close()

    def is_rebuilt() -> bool:
        time.sleep(0.5)
        return len(find_rebuilds(log.read_text(errors="replace"))) > known

    if wait_until(is_rebuilt, timeout_seconds=REBUILD_SECONDS) is None:
        return None
    return find_rebuilds(log.read_text(errors="replace"))[-1]


def find_rebuilds(log: str) -> list[float]:
    """Return the seconds of each complete rebuild in the keeper's log."""
    lines = [json.loads(line) for line in log.splitlines() if '"board rebuilt"' in line]
    return [round(line["seconds"], 2) for line in lines if line["complete"]]
