"""One world through one policy: who was caught, after how many actions, and who wrongly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from bench.fraud.cheaters import KINDS
from bench.fraud.honest import HABITS
from bench.fraud.model import Played, World
from domain.fraud.anomaly.features import features
from domain.fraud.anomaly.model import Model
from domain.fraud.anomaly.training import train
from domain.fraud.judging import Judge
from domain.fraud.model import Verdict
from domain.fraud.policy import Policy
from domain.fraud.signals import PlaySession
from domain.fraud.trials.memory import Memory

DAYS = 6.0


def make_world(seed: int, *, days: float = DAYS, share: float = 1.0) -> World:
    """Return the world of a seed, its actions in order of their intake.

    `share` says how much of each population there is, at least one.
    """
    world = World(Random(seed), days)  # noqa: S311 - a simulation that can be repeated
    for populations in (HABITS, KINDS):
        for make, count in populations.values():
            for _ in range(max(1, round(count * share))):
                make(world)
    world.played.sort(key=lambda played: (played.action.accepted_us, played.action.action_id))
    world.played = [
        played._replace(action=played.action._replace(action_no=number))
        for number, played in enumerate(world.played, start=1)
    ]
    return world


@dataclass(slots=True)
class Tally:
    """What became of one kind: of its honest actions, and of its cheaters.

    `first_held` has for each cheater the number of its first action that was held or rejected,
    counted from its first dishonest one; None for who never was. `reasons` are those of held
    dishonest actions of cheaters, and of wrongly held ones of everybody else.
    """

    honest: int = 0
    wrongly_held: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    cheated: Counter[str] = field(default_factory=Counter)
    first_held: dict[str, int | None] = field(default_factory=dict)

    def caught_within(self, actions: int) -> float:
        """Return the share of the cheaters who were caught within so many actions."""
        caught = [n for n in self.first_held.values() if n is not None and n <= actions]
        return len(caught) / len(self.first_held) if self.first_held else 0.0


Tallies = dict[str, Tally]
"""By kind of person."""


def judge_world(world: World, policy: Policy, model: Model | None = None) -> Tallies:
    """Return what the policy makes of a world; play sessions begin again."""
    judge = _make_judge(policy)
    memory = Memory(_begin_sessions(world), model)
    tallies: Tallies = {}
    for played in world.played:
        screening = memory.screen(played.action, judge)
        is_held = screening.verdict is not Verdict.PASS
        _count(tallies.setdefault(played.kind, Tally()), played, is_held, screening.reason)
    return tallies


def train_on(world: World, policy: Policy) -> Model:
    """Return a live model of all that was played in a world, cheaters too, as nobody knows them."""
    judge, memory, rows = _make_judge(policy), Memory(_begin_sessions(world)), []
    for played in world.played:
        signals = memory.read(played.action)
        rows.append(features(played.action, signals))
        memory.judge(played.action, signals, judge)
    return replace(train(rows), is_live=True)


def _make_judge(policy: Policy) -> Judge:
    """Return a judge whose clock stands still: a slow machine must not change a verdict."""
    return Judge(policy, clock_ns=lambda: 0)


def _begin_sessions(world: World) -> dict[str, PlaySession]:
    return {name: replace(session) for name, session in world.sessions.items()}


def _count(tally: Tally, played: Played, is_held: bool, reason: str | None) -> None:
    if is_held and played.is_cheat is (played.kind in KINDS):
        tally.reasons[str(reason)] += 1
    if not played.is_cheat:
        tally.honest += 1
        tally.wrongly_held += is_held
    if played.is_cheat:
        tally.cheated[played.person] += 1
        tally.first_held.setdefault(played.person, None)
        if is_held and tally.first_held[played.person] is None:
            tally.first_held[played.person] = tally.cheated[played.person]


def join(many: Sequence[Tallies]) -> Tallies:
    """Return the sums over several worlds; people of different worlds are different people."""
    joined: Tallies = {}
    for number, tallies in enumerate(many):
        for kind, tally in tallies.items():
            total = joined.setdefault(kind, Tally())
            total.honest += tally.honest
            total.wrongly_held += tally.wrongly_held
            total.reasons += tally.reasons
            total.first_held |= {
                f"{number}:{person}": first for person, first in tally.first_held.items()
            }
    return joined
