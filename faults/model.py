"""The words of the rig: a scenario, what it has in hand while it strikes, and a result."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faults.children.listeners import Report
from faults.client import Sent
from faults.reconciliation import Verdict
from faults.stores import Stores
from faults.system import System
from rig.traffic import Player

FINAL_SECONDS = 15.0


@dataclass
class Strike:
    """What a scenario has in hand while it does its damage. Chance is the seed's."""

    system: System
    stores: Stores
    players: list[Player]
    chance: random.Random
    ends_at: float  # by time.monotonic()
    struck_at: float = field(default_factory=time.time)
    healed_at: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    """What the scenario itself sent, beside the load."""
    problems: list[str] = field(default_factory=list)

    def lasts(self, seconds: float) -> bool:
        """Wait so long, at most to the end of the strike; return whether that is yet to come."""
        time.sleep(max(min(seconds, self.ends_at - time.monotonic()), 0.0))
        return time.monotonic() < self.ends_at

    def lasts_about(self, seconds: float) -> bool:
        """Wait a random time around so many seconds, as `lasts` does."""
        return self.lasts(self.chance.uniform(0.3, 1.7) * seconds)

    def during(self, sent: list[Sent], *, after_seconds: float = 0.0) -> list[Sent]:
        """Return what was sent while the damage stood, but for its first seconds."""
        first = self.struck_at + after_seconds
        return [one for one in sent if first <= one.sent_at < self.healed_at]


def find_nothing(_strike: Strike, _sent: list[Sent]) -> list[str]:
    """Return no problems: the ledger and `verify` say all that is to be said."""
    return []


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What stores and processes a scenario wants; those that want the same share them."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    """Commands of the Procfile that are others."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Further settings."""
    disk_megabytes: int = 0
    """A file system of its own for PostgreSQL, which only root can give; 0 for none."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One fault: what it breaks, and what must hold besides the ledger and the invariants."""

    name: str
    strike: Callable[[Strike], None]
    find_problems: Callable[[Strike, list[Sent]], list[str]] = find_nothing
    whole_run: bool = False
    final_seconds: float = FINAL_SECONDS
    failing_score: int | None = None
    setup: Setup = field(default_factory=Setup)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a scenario."""

    name: str
    verdict: Verdict
    seconds_to_recover: float
    listeners: Report | None
    faults: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults
