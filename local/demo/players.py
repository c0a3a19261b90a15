"""The behaviour of simulated players: what they send and when. Clock and chance are passed in.

Honest players stay below the default limits: ten actions a minute, 1,000 points an action, and
10,000 points an hour. Each cheater violates one of these rules.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

SHORTEST_GAP_SECONDS = 7.0  # at most nine actions in a minute
SPREAD = 0.3
HOUR_SECONDS = 3600.0
BUDGET_PER_HOUR = 9_500
SHARE_OF_BUDGET = 1 / 150  # of the rest for one action, so that it never runs out
LARGEST_HONEST_SCORE = 600
TRICKS = ("too high", "too fast", "stale", "hoarding")
RUSH_ACTIONS = 14
RUSH_GAP_SECONDS = 0.3
COUNTRIES = ("DE", "FR", "GB", "IN", "JP", "BR", "EG", "US")


@dataclass(frozen=True)
class Move:
    """One action of a player, before it is sent; `country` is where the player is from."""

    action_id: str
    token: str
    score: int
    timestamp: datetime
    honest: bool
    country: str | None = None


@dataclass
class Player:
    """A player with a token; `trick` is the rule that a cheater violates, None if honest."""

    token: str
    trick: str | None
    chance: random.Random
    country: str | None = None
    _scored: deque[tuple[float, int]] = field(default_factory=deque)
    _rush_left: int = 0

    def next_move(self, at: float, now: datetime) -> Move:
        """Return the next action; `at` is a monotonic time in seconds, `now` the wall clock."""
        score, timestamp = self._honest_score(at), now
        if self.trick == "too high":
            score = self.chance.randint(1_500, 5_000)
        elif self.trick == "hoarding":
            score = self.chance.randint(900, 1_000)
        elif self.trick == "stale":
            timestamp = now - timedelta(minutes=self.chance.randint(6, 60))
        return Move(
            action_id=str(uuid4()),
            token=self.token,
            score=score,
            timestamp=timestamp.astimezone(UTC),
            honest=self.trick is None,
            country=self.country,
        )

    def gap_seconds(self, usual: float) -> float:
        """Return the seconds to the next action; `usual` is the mean that the rate requires."""
        if self.trick == "too fast":
            self._rush_left = self._rush_left - 1 if self._rush_left > 0 else RUSH_ACTIONS
            if self._rush_left > 0:
                return RUSH_GAP_SECONDS
        return max(SHORTEST_GAP_SECONDS, usual * self.chance.uniform(1 - SPREAD, 1 + SPREAD))

    def _honest_score(self, at: float) -> int:
        """Return a score with which the sum of the last hour stays below the threshold."""
        while self._scored and self._scored[0][0] < at - HOUR_SECONDS:
            self._scored.popleft()
        left = BUDGET_PER_HOUR - sum(score for _, score in self._scored)
        mean = max(1.0, left * SHARE_OF_BUDGET)
        score = max(0, min(int(self.chance.expovariate(1 / mean)) + 1, LARGEST_HONEST_SCORE, left))
        self._scored.append((at, score))
        return score


def make_players(tokens: list[str], cheaters: float, chance: random.Random) -> list[Player]:
    """Return one player per token; `cheaters` is the fraction of cheaters, from 0 to 1."""
    tricks = iter(_tricks(round(len(tokens) * cheaters), len(tokens), chance))
    return [Player(token, next(tricks), chance, chance.choice(COUNTRIES)) for token in tokens]


def _tricks(cheating: int, total: int, chance: random.Random) -> Iterator[str | None]:
    tricks: list[str | None] = [TRICKS[number % len(TRICKS)] for number in range(cheating)]
    tricks += [None] * (total - cheating)
    chance.shuffle(tricks)
    return iter(tricks)


def players_for(rate: float) -> int:
    """Return how many honest players are needed for this many actions a second."""
    return int(rate * SHORTEST_GAP_SECONDS * (1 + SPREAD)) + 1
