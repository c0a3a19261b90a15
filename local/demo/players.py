"""The behaviour of simulated players: what they send and when. Clock and chance are passed in.

Honest players have the habits of their person, and stay below the default limits: ten actions a
minute, 1,000 points an action, and 10,000 points an hour. Each cheater violates one of these rules.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from local.demo.people import Habits, Person

MOST_IN_A_MINUTE = 9
MINUTE_SECONDS = 61.0  # the server's clock may see two actions closer to each other
SHORTEST_GAP_SECONDS = 1.2
MEAN_GAP_SECONDS = MINUTE_SECONDS / MOST_IN_A_MINUTE
SPREAD = 0.35
LONGEST_REST = 0.6
HOUR_SECONDS = 3600.0
BUDGET_PER_HOUR = 9_500
SHARE_OF_BUDGET = 1 / 150  # of the rest for one action, so that it never runs out
LARGEST_HONEST_SCORE = 600
TRICKS = ("too high", "too fast", "stale", "hoarding")
RUSH_ACTIONS = 14
RUSH_GAP_SECONDS = 0.3


@dataclass(frozen=True)
class Move:
    """One action of a player, before it is sent; `country` is where the player is from."""

    action_id: str
    token: str
    score: int
    timestamp: datetime
    honest: bool
    country: str | None = None
    action_type: str | None = None


@dataclass
class Player:
    """A player with a token; `trick` is the rule that a cheater violates, None if honest."""

    token: str
    trick: str | None
    chance: random.Random
    country: str | None = None
    habits: Habits = field(default_factory=Habits)
    _scored: deque[tuple[float, int]] = field(default_factory=deque)
    _played_at: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_IN_A_MINUTE))
    _session_left: int = 0
    _rush_left: int = 0

    def next_move(self, at: float, now: datetime) -> Move:
        """Return the next action; `at` is a monotonic time in seconds, `now` the wall clock."""
        score, timestamp = self._honest_score(at), now
        self._played_at.append(at)
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
            action_type=self.habits.choose_type(self.chance),
        )

    def gap_seconds(self, usual: float) -> float:
        """Return the seconds to the next action; `usual` is the mean that the rate requires."""
        if self.trick == "too fast":
            self._rush_left = self._rush_left - 1 if self._rush_left > 0 else RUSH_ACTIONS
            if self._rush_left > 0:
                return RUSH_GAP_SECONDS
        return max(self._habitual_gap(usual), self._earliest_gap())

    def _habitual_gap(self, usual: float) -> float:
        """Return the time to the next action, or a rest when a session of play is over.

        Rests are as long as the rate allows: where everybody must play, nobody rests.
        """
        rest = min(max(1.0 - MEAN_GAP_SECONDS * (1 + SPREAD) / usual, 0.0), LONGEST_REST)
        playing = usual * (1.0 - rest)
        if self._session_left <= 0:
            self._session_left = 1 + int(self.chance.expovariate(1 / self.habits.session_actions))
            if self._played_at and rest > 0:
                return self._session_left * usual * rest
        self._session_left -= 1
        sigma = self.habits.steadiness
        gap = playing * self.habits.pace * self.chance.lognormvariate(-(sigma**2) / 2, sigma)
        return max(SHORTEST_GAP_SECONDS, gap)

    def _earliest_gap(self) -> float:
        """Return the seconds until one more action is not too many in a minute."""
        if len(self._played_at) < MOST_IN_A_MINUTE:
            return 0.0
        return self._played_at[0] + MINUTE_SECONDS - self._played_at[-1]

    def _honest_score(self, at: float) -> int:
        """Return a score with which the sum of the last hour stays below the threshold."""
        while self._scored and self._scored[0][0] < at - HOUR_SECONDS:
            self._scored.popleft()
        left = int(BUDGET_PER_HOUR * self.habits.skill) - sum(score for _, score in self._scored)
        mean = max(1.0, left * SHARE_OF_BUDGET)
        drawn = int(self.chance.gammavariate(2.0, mean / 2.0)) + 1
        score = max(0, min(drawn, LARGEST_HONEST_SCORE, left))
        self._scored.append((at, score))
        return score


def make_players(
    tokens: list[str], people: Sequence[Person], cheaters: float, chance: random.Random
) -> list[Player]:
    """Return one player per token and person; `cheaters` is their share, from 0 to 1."""
    tricks = _tricks(round(len(tokens) * cheaters), len(tokens), chance)
    return [
        Player(token, trick, chance, person.country, person.habits)
        for token, person, trick in zip(tokens, people, tricks, strict=True)
    ]


def _tricks(cheating: int, total: int, chance: random.Random) -> Iterator[str | None]:
    tricks: list[str | None] = [TRICKS[number % len(TRICKS)] for number in range(cheating)]
    tricks += [None] * (total - cheating)
    chance.shuffle(tricks)
    return iter(tricks)


def players_for(rate: float) -> int:
    """Return how many honest players are needed for this many actions a second."""
    return int(rate * MEAN_GAP_SECONDS * (1 + SPREAD)) + 1
