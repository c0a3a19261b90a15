"""A scenario, the injection of its fault into the running system, and its result."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faults.children.listeners import Report
from faults.client import Sent
from faults.reconciliation import Verdict
from faults.stores import Stores
from faults.system import System
from rig.players import Player

FINAL_SECONDS = 15.0


@dataclass
class Injection:
    """What a scenario works with while it injects its fault; `chance` depends on the seed."""

    system: System
    stores: Stores
    players: list[Player]
    chance: random.Random
    ends_at: float  # by time.monotonic()
    injected_at: float = field(default_factory=time.time)
    healed_at: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    """What the scenario sent in addition to the load."""
    problems: list[str] = field(default_factory=list)

    def lasts(self, seconds: float) -> bool:
        """Wait this long, at most to the end of the fault; return whether the fault goes on."""
        time.sleep(max(min(seconds, self.ends_at - time.monotonic()), 0.0))
        return time.monotonic() < self.ends_at

    def lasts_about(self, seconds: float) -> bool:
        """Wait a random time around `seconds`, as `lasts` does."""
        return self.lasts(self.chance.uniform(0.3, 1.7) * seconds)

    def during(self, sent: list[Sent], *, after_seconds: float = 0.0) -> list[Sent]:
        """Return what was sent during the fault, its first `after_seconds` excluded."""
        first = self.injected_at + after_seconds
        return [one for one in sent if first <= one.sent_at < self.healed_at]


def find_nothing(_injection: Injection, _sent: list[Sent]) -> list[str]:
    """Return no problems, for scenarios without checks in addition to those of all scenarios."""
    return []


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The stores and processes that a scenario needs; scenarios with the same setup share them."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    """Texts of the Procfile and what replaces them."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Further environment variables."""
    disk_megabytes: int = 0
    """Size of a separate file system for PostgreSQL, which needs root; 0 for none."""
    home_megabytes: int = 0
    """The same for the launcher's folder."""

    @property
    def mounts(self) -> bool:
        """Whether a file system must be mounted."""
        return bool(self.disk_megabytes or self.home_megabytes)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One fault: how it is injected, and what must hold in addition to the invariants."""

    name: str
    inject: Callable[[Injection], None]
    find_problems: Callable[[Injection, list[Sent]], list[str]] = find_nothing
    whole_run: bool = False
    """Whether the fault lasts for the whole run, not only for its second third."""
    final_seconds: float = FINAL_SECONDS
    failing_score: int | None = None
    lowers_scores: bool = False
    """Whether it takes actions back, so that a listener may see a score go down."""
    setup: Setup = field(default_factory=Setup)


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a scenario."""

    name: str
    verdict: Verdict
    seconds_to_recover: float
    listeners: Report | None
    faults: list[str]

    @property
    def holds(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.faults
