"""The simulated game: its kinds of actions, how long they take, and what they earn.

Durations and pauses are lognormal, the usual model of human times (Van der Linden 2006); spreads of
their logarithm between 0.3 and 1 are what response times of games show.
"""

from math import exp
from random import Random
from typing import NamedTuple

from bench.fraud.model import MAX_SCORE


class Game(NamedTuple):
    """A kind of action: median seconds and their spread, points per second, and the natural end."""

    action_type: str
    median_s: float
    spread: float
    points_per_s: float
    most: int


LEVEL = Game("level_complete", 40.0, 0.40, 1.5, 400)
SPRINT = Game("sprint", 14.0, 0.35, 2.5, 150)
ARENA = Game("arena", 90.0, 0.35, 2.2, 500)
BONUS = Game("daily_bonus", 0.0, 0.0, 0.0, 100)
GAMES = (LEVEL, SPRINT, ARENA)


class Round(NamedTuple):
    """One round: its seconds, and what it earned."""

    seconds: float
    score: int


def play(game: Game, *, skill: float, random: Random) -> Round:
    """Return a round of a player; `skill` is 1.0 for the average one."""
    if game is BONUS:
        return Round(0.0, BONUS.most)
    seconds = game.median_s * exp(random.gauss(0.0, game.spread))
    rate = game.points_per_s * skill * exp(random.gauss(0.0, 0.25))
    return Round(seconds, min(round(seconds * rate), game.most, MAX_SCORE))


def pause(random: Random, *, median_s: float = 8.0, spread: float = 0.9) -> float:
    """Return the seconds between two rounds."""
    return median_s * exp(random.gauss(0.0, spread))
