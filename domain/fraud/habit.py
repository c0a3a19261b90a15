"""A habit: what a player's scores of one action type are usually like."""

from math import log1p
from zlib import crc32

KNOWN_AFTER = 8
"""Scores after which a habit says something."""

NEAR_TOP = 0.9

_MOST_SCORES = 10_000
_HUGE = 1 << 62


def ln_of(score: float) -> float:
    """Return ln(1 + score); what is below 0 counts as 0, and what is beyond 2^62 as that."""
    return log1p(score) if 0 < score < _HUGE else (0.0 if score <= 0 else log1p(_HUGE))


def type_key(action_type: str | None) -> int:
    """Return the number that stands for an action type in a profile; 0 for none."""
    return crc32(action_type.encode("utf-8", "replace")) if action_type else 0


class Habit:
    """The scores of one player in one action type; all integers, so that they fit into few bytes.

    `mean` and `deviation` are of ln(1 + score), in thousandths, weighted towards the newest;
    `top` is the largest score; `near_top` counts how many in a row were close to it.
    """

    __slots__ = ("deviation", "key", "mean", "near_top", "scores", "top")

    def __init__(
        self,
        key: int,
        scores: int = 0,
        mean: int = 0,
        deviation: int = 0,
        top: int = 0,
        near_top: int = 0,
    ) -> None:
        self.key = key
        self.scores = scores
        self.mean = mean
        self.deviation = deviation
        self.top = top
        self.near_top = near_top

    @property
    def is_known(self) -> bool:
        """Whether there are scores enough to say what is usual."""
        return self.scores >= KNOWN_AFTER

    def measure(self, value: float) -> float:
        """Return how many deviations a value of ln(1 + score) is above the mean.

        Deviations have a floor, so that a player whose scores are all alike may once do better.
        """
        return (value * 1000 - self.mean) / max(150, self.deviation)

    def count_near_top(self, score: int) -> None:
        """Count the score if it is close to the player's best; begin again if not."""
        if score >= self.top * NEAR_TOP:
            if self.near_top < 1000:
                self.near_top += 1
        else:
            self.near_top = 0

    def learn(self, score: int) -> None:
        """Add one score. An outlier moves the mean by three deviations at most."""
        value = int(ln_of(score) * 1000)
        if not self.scores:
            self.mean = value
        else:
            # The first scores weigh alike; later each counts a twentieth.
            share = min(20, self.scores + 1)
            change = value - self.mean
            if self.scores >= KNOWN_AFTER:
                most = 3 * self.deviation + 100
                change = max(-most, min(most, change))
            self.mean += change // share
            self.deviation += (abs(change) - self.deviation) // share
        if score > self.top:
            self.top = min(int(score), _HUGE)
        if self.scores < _MOST_SCORES:
            self.scores += 1
