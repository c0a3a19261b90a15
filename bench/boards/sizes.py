"""Measures look-ups of ranks and reads of the top on boards of several sizes, in turn.

A stack for each size is up at once. The rows are made by SQL, and the sorted sets by the keeper.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import redis
from rich.console import Console

from bench.arms import Arm
from bench.boards.install import make_boards
from bench.boards.population import insert_rows
from bench.costs.statistics import connect_superuser
from bench.reporting.table import progress
from bench.results import Measured
from bench.running import Bench
from bench.scale.run import ACTING, populate
from bench.sessions import Plan, open_bench
from local.errors import LocalError
from rig.draining import wait_until
from rig.stack import Stack

SIZES = (10_000, 100_000, 1_000_000)
BOARD = "ladder"
TENTHS = tuple(f"tenth-{number}" for number in range(10))
REBUILD_SECONDS = 600.0
WARM_UP_SECONDS = 2.0
_READ = Arm(name="", kind="get", connections=16, actions_per_request=0)
ARMS = (
    replace(_READ, name="own rank", path=f"/api/boards/{BOARD}/me"),
    replace(_READ, name="rank", path=f"/api/boards/{BOARD}/players/{{userId}}"),
    replace(_READ, name="top", path=f"/api/boards/{BOARD}/standings?limit=10"),
)


@dataclass(kw_only=True)
class BoardSize:
    """What was measured on boards of this many players."""

    players: int
    tenths_seconds: float  # from the loss until ten boards, a tenth of the players each, were back
    whole_seconds: float  # from its rows until the set of one board with all of them was there
    memory: dict[str, float]  # megabytes by kind of process
    rounds: dict[str, list[Measured]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Return whether every request was answered as expected."""
        return all(one.holds for rounds in self.rounds.values() for one in rounds)


def measure_board_sizes(
    plan: Plan, sizes: Sequence[int], *, rounds: int, console: Console
) -> list[BoardSize]:
    """Measure every size; raises LocalError when a stack does not start, or a set is not made."""
    found: list[BoardSize] = []
    with ExitStack() as opened:
        benches = []
        for size in sizes:
            few = replace(plan, players=min(ACTING, size))
            benches.append(opened.enter_context(open_bench(few, plan.root)))
            found.append(prepare(benches[-1], size))
            console.print(
                f"{size:,} players: ten boards were back after {found[-1].tenths_seconds} s, one"
                f" after {found[-1].whole_seconds} s"
            )
            for arm in ARMS:
                replace(benches[-1], seconds=WARM_UP_SECONDS, profile=None).measure(arm)
        for arm in ARMS:
            for _ in range(rounds):
                for bench, each in zip(benches, found, strict=True):
                    measured = bench.measure(arm)
                    each.rounds.setdefault(arm.name, []).append(measured)
                    console.print(f"{each.players:,} players, {progress(measured)}", markup=False)
    return found


def prepare(bench: Bench, size: int) -> BoardSize:
    """Make the players, the boards and their sets; time the sets."""
    versions = make_boards(bench.stack, [{"id": name} for name in (BOARD, *TENTHS)])
    populate(bench, size)
    connection = connect_superuser(bench.stack)
    try:
        for part, name in enumerate(TENTHS):
            insert_rows(connection, version=versions[name], part=part, parts=len(TENTHS))
        wait_for_sets(bench.stack, len(TENTHS))
        tenths_seconds = lose_sets(bench.stack, len(TENTHS))
        insert_rows(connection, version=versions[BOARD])
        started = time.monotonic()
        wait_for_sets(bench.stack, len(TENTHS) + 1)
        whole_seconds = round(time.monotonic() - started, 1)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) ranking_rows")
    finally:
        connection.close()
    return BoardSize(
        players=size,
        tenths_seconds=tenths_seconds,
        whole_seconds=whole_seconds,
        memory=bench.memory().as_json()["by_kind_mb"],
    )


def lose_sets(stack: Stack, rankings: int) -> float:
    """Empty Valkey; return the seconds until the keeper has made this many rankings' sets."""
    client = redis.Redis.from_url(stack.env["REDIS_URL"])
    client.flushall()
    client.close()
    started = time.monotonic()
    wait_for_sets(stack, rankings)
    return round(time.monotonic() - started, 1)


def wait_for_sets(stack: Stack, rankings: int) -> None:
    """Wait until this many rankings are complete in Valkey; LocalError after REBUILD_SECONDS."""
    client = redis.Redis.from_url(stack.env["REDIS_URL"], decode_responses=True)

    def are_there() -> bool:
        time.sleep(0.2)
        run = str(client.info("server")["run_id"])
        rows = list(client.scan_iter("laurel:ranking:*:rows", count=1000))
        return len(rows) >= rankings and all(client.hget(key, "#") == run for key in rows)

    try:
        if wait_until(are_there, timeout_seconds=REBUILD_SECONDS) is None:
            raise LocalError(f"the sets were not there after {REBUILD_SECONDS:g} s.")
    finally:
        client.close()
