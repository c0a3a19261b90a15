"""Measures every arm on two commits in turn, both stacks up at once: A B A B."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from rich.console import Console

from bench.against.comparison import Comparison, grids_of
from bench.against.turns import Turns, middle_round
from bench.against.worktree import OtherCommit, checked_out, commit_of
from bench.arms import Arm, Target
from bench.reporting.outcome import Outcome
from bench.reporting.table import progress
from bench.results import Results
from bench.running import Bench
from bench.sessions import Plan, open_bench
from bench.standard import describe_arms


def run_against(
    plan: Plan,
    revision: str,
    arms: Sequence[Arm],
    *,
    rounds: int,
    results: Results,
    console: Console,
) -> Outcome:
    """Measure the arms in turn; of ours, the middle rounds are the `results`.

    Raises LocalError when the revision is unknown, or a stack does not start.
    """
    with checked_out(plan.root, revision) as other:
        found = Comparison(commit=commit_of(plan.root), other=other.commit, rounds=rounds)
        console.print(f"{found.commit} in turn with {found.other}. Warming up both ...")
        with open_bench(plan, plan.root) as ours, _open_theirs(plan, other) as theirs:
            results.rest = ours.memory()
            ours.warm_up()
            theirs.warm_up()
            for arm in arms:
                found.turns.append(_take_turns(arm, ours, theirs, found, console))
                results.arms.append(middle_round(found.turns[-1].ours))
            results.violations = ours.stack.find_violations()
            found.violations = theirs.stack.find_violations()
    return _describe(results, found)


def _open_theirs(plan: Plan, other: OtherCommit) -> AbstractContextManager[Bench]:
    return open_bench(replace(plan, profile=None), other.root)


def _take_turns(arm: Arm, ours: Bench, theirs: Bench, found: Comparison, console: Console) -> Turns:
    """Measure one arm; what is not the product, such as the control, on this commit only."""
    turns = Turns(arm=arm)
    for _ in range(found.rounds):
        turns.ours.append(ours.measure(arm))
        console.print(f"{found.commit} {progress(turns.ours[-1])}", markup=False)
        if arm.target is Target.PRODUCT:
            turns.theirs.append(theirs.measure(arm))
            console.print(f"{found.other} {progress(turns.theirs[-1])}", markup=False)
    return turns


def _describe(results: Results, found: Comparison) -> Outcome:
    outcome = describe_arms(results)
    return replace(
        outcome,
        json=outcome.json | {"against": found.as_json()},
        grids=(*grids_of(found), *outcome.grids),
        holds=outcome.holds and found.holds,
        violations=(*outcome.violations, *([found.violations] if found.violations else [])),
    )
