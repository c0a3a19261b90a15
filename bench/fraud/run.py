"""The runs: the reporting seeds through all checks, and through each check alone."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count

from bench.fraud.judged import Tallies, join, judge_world, make_world, train_on
from domain.fraud.anomaly.model import Model
from domain.fraud.policy import Policy, policy_from
from domain.settings import Settings

TUNING_SEEDS = (1, 2, 3)
"""With these the settings of the checks were chosen, and the model is trained."""
REPORTING_SEEDS = (201, 202, 203, 204)
"""With these nothing was chosen: what is reported is of them."""

MODEL = "model"
"""The check that has a model only when it runs alone: a new one is in shadow."""

# What a studio sets by its game, here by `bench/fraud/games.py`: good players earn 130 points a
# minute, and a sprint takes ten seconds.
GAME_SETTINGS = Settings(
    max_score_per_action=1000,
    max_actions_per_minute=10,
    suspicious_score_threshold=20_000,
)


@dataclass(frozen=True)
class Simulated:
    """What became of all kinds with every check, and with each alone by its name."""

    seeds: Sequence[int]
    together: Tallies
    alone: dict[str, Tallies]


def simulate(seeds: Sequence[int], *, with_alone: bool = True) -> Simulated:
    """Run the worlds of these seeds; one process for each core."""
    policy = policy_from(GAME_SETTINGS)
    policies = {"": policy}
    if with_alone:
        policies |= {name: only(policy, name) for name in policy.checks}
    model = train_on(make_world(TUNING_SEEDS[0]), policy) if with_alone else None
    jobs = [
        (seed, chosen, model if name == MODEL else None)
        for name, chosen in policies.items()
        for seed in seeds
    ]
    with ProcessPoolExecutor(max_workers=cpu_count()) as pool:
        done = list(pool.map(_run, jobs))
    found = {
        name: join(done[number * len(seeds) : (number + 1) * len(seeds)])
        for number, name in enumerate(policies)
    }
    return Simulated(seeds, found.pop(""), found)


def only(policy: Policy, name: str) -> Policy:
    """Return the policy with one check, which then holds alone what it is certain of."""
    check = policy.checks[name]
    points = max(check.points, policy.hold_at)
    return replace(policy, checks={name: replace(check, points=points)})


def _run(job: tuple[int, Policy, Model | None]) -> Tallies:
    seed, policy, model = job
    return judge_world(make_world(seed), policy, model)
