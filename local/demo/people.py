"""The people of the demo: who they are, and how they usually play. Called by `command`.

The first N people are the same in every demo: a second one goes on with the players of the first.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID, uuid5

from local.demo.names import make_names

NAMESPACE = UUID("5f3c1f6e-5b0b-4b7e-9d0e-6c1a75e1d2aa")
ACTION_TYPES = ("level_complete", "match_won", "quest_done", "combo", "daily_challenge")
SHORTEST_SESSION = 8
LONGEST_SESSION = 60


@dataclass(frozen=True)
class Habits:
    """How a player usually plays."""

    skill: float = 1.0
    """The points of an action, as a share of those of the best: above 0, at most 1."""
    pace: float = 1.0
    """Factor on the time between two actions; 1.0 is as everybody does."""
    steadiness: float = 0.5
    """Spread of that time: the sigma of its logarithm."""
    session_actions: int = 20
    """Mean number of actions before a pause."""
    action_types: tuple[str, ...] = ACTION_TYPES
    """What the player likes to do, the favourite first."""

    def choose_type(self, chance: random.Random) -> str:
        """Return the type of an action: every second one is the favourite."""
        weights = [2.0**-place for place in range(len(self.action_types))]
        return chance.choices(self.action_types, weights)[0]


@dataclass(frozen=True)
class Person:
    """Somebody who plays: always with the same id, name, country and habits."""

    user_id: UUID
    username: str
    country: str
    habits: Habits


def list_people(count: int) -> list[Person]:
    """Return the first `count` people."""
    return list(islice(_people(), count))


def _people() -> Iterator[Person]:
    for username, country in make_names():
        chance = random.Random(username)  # noqa: S311 - a game
        yield Person(uuid5(NAMESPACE, username), username, country, _habits(chance))


def _habits(chance: random.Random) -> Habits:
    session = chance.lognormvariate(3.0, 0.5)
    return Habits(
        skill=min(max(chance.lognormvariate(-0.8, 0.45), 0.15), 1.0),
        pace=min(max(chance.lognormvariate(-0.03, 0.25), 0.7), 1.6),
        steadiness=chance.uniform(0.35, 0.7),
        session_actions=round(min(max(session, SHORTEST_SESSION), LONGEST_SESSION)),
        action_types=tuple(chance.sample(ACTION_TYPES, chance.randint(2, len(ACTION_TYPES)))),
    )
