"""Every scenario, in the order in which they run."""

from faults.scenario import Scenario
from faults.scenarios import (
    clocks,
    crowds,
    disk,
    messages,
    moderation,
    postgres,
    postgres_unwell,
    processes,
    races,
    redis,
    redis_refusing,
    sockets,
)

SCENARIOS: tuple[Scenario, ...] = (
    *processes.SCENARIOS,
    *redis.SCENARIOS,
    *redis_refusing.SCENARIOS,
    *postgres.SCENARIOS,
    *postgres_unwell.SCENARIOS,
    *races.SCENARIOS,
    *messages.SCENARIOS,
    *sockets.SCENARIOS,
    *crowds.SCENARIOS,
    *moderation.SCENARIOS,
    *clocks.SCENARIOS,
    *disk.SCENARIOS,
)
NAMES = tuple(scenario.name for scenario in SCENARIOS)


def choose(names: list[str]) -> list[Scenario]:
    """Return the scenarios with these names, or all scenarios when there are none."""
    return [scenario for scenario in SCENARIOS if not names or scenario.name in names]
