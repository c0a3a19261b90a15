"""Measures what the checks cost: stacks with the first five and with all, up at once, in turn.

A machine that wobbles is as fast in all of a round, more or less.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from rich.console import Console

from bench.arms import BATCH_SIZE, Arm
from bench.boards.cost import PACED
from bench.checks.policies import POLICIES
from bench.checks.population import (
    count_findings,
    make_clients,
    make_model,
    open_play_sessions,
    use_policy,
)
from bench.reporting.table import progress
from bench.results import Measured
from bench.running import WARM_UP, Bench
from bench.sessions import Plan, open_bench

CHECKED = replace(PACED, name="checked", with_session=True)
# However busy the machine is, a batch is one request.
SETTINGS = {"BATCH_MAX_ACTIONS": str(BATCH_SIZE)}
# So many actions of each player, more or less, before the first round: their profiles are full.
FILL = Arm(
    name="fill", kind="batch", connections=4, actions_per_request=BATCH_SIZE, with_session=True
)


@dataclass(kw_only=True)
class CheckedStack:
    """What was measured with one policy: the rounds, and what its checks have found."""

    policy: str
    checks: int
    rounds: list[Measured] = field(default_factory=list)
    findings: dict[str, int] = field(default_factory=dict)
    violations: str = ""

    @property
    def holds(self) -> bool:
        """Return whether actions were applied once in every round, and the invariants hold."""
        return not self.violations and all(one.holds for one in self.rounds)


def measure_checks(
    plan: Plan, policies: Sequence[str], *, rounds: int, console: Console
) -> list[CheckedStack]:
    """Measure every policy; raises LocalError when a stack does not start."""
    found = [CheckedStack(policy=name, checks=len(POLICIES[name]["checks"])) for name in policies]
    with ExitStack() as opened:
        benches = [_open(plan, name, opened, console) for name in policies]
        for _ in range(rounds):
            for bench, measured_stack in zip(benches, found, strict=True):
                measured = bench.measure(CHECKED)
                measured_stack.rounds.append(measured)
                line = f"{measured_stack.policy}, {progress(measured)}"
                console.print(line, markup=False)
        for bench, measured_stack in zip(benches, found, strict=True):
            measured_stack.findings = count_findings(bench.stack)
            measured_stack.violations = bench.stack.find_violations()
    return found


def _open(plan: Plan, name: str, opened: ExitStack, console: Console) -> Bench:
    bench = opened.enter_context(open_bench(plan, plan.root, SETTINGS))
    make_clients(bench.stack, bench.players)
    make_model(bench.stack)
    use_policy(bench.stack, POLICIES[name])
    console.print(f"{name}: warming up ...")
    bench.warm_up(WARM_UP)
    open_play_sessions(bench.stack)
    bench.measure(FILL)
    return bench
