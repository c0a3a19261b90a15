"""Measures what a further board costs: stacks with 0, 1, 4 and 16 boards, up at once, in turn.

A machine that wobbles is as fast in all of a round, more or less. The paced arm sends as many
actions to each stack, so that the players have as many behind them: screening reads them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from rich.console import Console

from bench.arms import BATCH_SIZE, Arm
from bench.boards.definitions import define_boards
from bench.boards.install import make_boards
from bench.reporting.table import progress
from bench.results import Measured
from bench.running import WARM_UP, Bench
from bench.sessions import Plan, open_bench

COUNTS = (0, 1, 4, 16)
# Few enough that a chain has the actions of one request.
REQUESTS_PER_S = 10.0
PACED = Arm(
    name="paced",
    kind="batch",
    connections=16,
    rate=REQUESTS_PER_S,
    actions_per_request=BATCH_SIZE,
    with_country=True,
)
BUSY = replace(PACED, name="busy", rate=None)
ARMS = (PACED, BUSY)


@dataclass(kw_only=True)
class BoardCount:
    """What was measured with this many boards: the rounds of each arm."""

    boards: int
    rounds: dict[str, list[Measured]] = field(default_factory=dict)
    violations: str = ""

    @property
    def holds(self) -> bool:
        """Return whether actions were applied once in every round, and the invariants hold."""
        measured = [one for rounds in self.rounds.values() for one in rounds]
        return not self.violations and all(one.holds for one in measured)


def measure_boards(
    plan: Plan, counts: Sequence[int], *, rounds: int, console: Console
) -> list[BoardCount]:
    """Measure every number of boards; raises LocalError when a stack does not start."""
    found = [BoardCount(boards=count) for count in counts]
    with ExitStack() as opened:
        benches = [_open(plan, count, opened, console) for count in counts]
        for arm in ARMS:
            for _ in range(rounds):
                for bench, count in zip(benches, found, strict=True):
                    measured = bench.measure(arm)
                    count.rounds.setdefault(arm.name, []).append(measured)
                    line = f"{count.boards} boards, {progress(measured)}"
                    console.print(line, markup=False)
        for bench, count in zip(benches, found, strict=True):
            count.violations = bench.stack.find_violations()
    return found


def _open(plan: Plan, count: int, opened: ExitStack, console: Console) -> Bench:
    bench = opened.enter_context(open_bench(plan, plan.root))
    make_boards(bench.stack, define_boards(count))
    console.print(f"{count} boards: warming up ...")
    bench.warm_up(replace(WARM_UP, with_country=True))
    return bench
