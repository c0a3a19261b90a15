"""Backtests: what a policy would have made of stored actions, and how that agrees with reviewers.

Called by the operators' `flask fraud` commands. Nothing is changed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.actions.model import Status
from domain.fraud.anomaly.model import Model
from domain.fraud.judging import Judge
from domain.fraud.model import Verdict
from domain.fraud.policy import Policy
from domain.fraud.trials.memory import Memory
from domain.store.postgres.fraud.judged_actions import (
    JudgedAction,
    Score,
    iterate_judged,
    list_first,
    list_play_sessions,
)
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Store

TOP = 10
REPORTED_EVERY = 10_000
# What reviewers said of an action, by status or by their last decision.
_GUILTY = frozenset({"reject", "void"})
_INNOCENT = frozenset({"release", "restore"})


@dataclass(slots=True)
class Agreement:
    """How verdicts agree with reviewers: each counts actions that somebody has decided on."""

    held_guilty: int = 0
    held_innocent: int = 0
    passed_guilty: int = 0
    passed_innocent: int = 0

    @property
    def precision(self) -> float | None:
        """Of what would be held, the share that reviewers found guilty."""
        held = self.held_guilty + self.held_innocent
        return self.held_guilty / held if held else None

    @property
    def recall(self) -> float | None:
        """Of what reviewers found guilty, the share that would be held."""
        guilty = self.held_guilty + self.passed_guilty
        return self.held_guilty / guilty if guilty else None

    def count(self, *, is_held: bool, is_guilty: bool) -> None:
        """Count one action that was decided on."""
        if is_guilty:
            self.held_guilty += is_held
            self.passed_guilty += not is_held
        else:
            self.held_innocent += is_held
            self.passed_innocent += not is_held


@dataclass(frozen=True, slots=True)
class Hit:
    """An action that counts today and that the policy would hold or reject.

    `is_released` says that a reviewer has decided that it counts.
    """

    action_id: UUID
    user_id: str
    score: int
    verdict: Verdict
    reason: str | None
    is_released: bool


@dataclass(slots=True)
class Backtest:
    """What a policy makes of stored actions.

    `verdicts` count by verdict and reason; `users` are those with a hit; `hits` are the applied
    actions among them, `also_held` counts the rest. `before` and `after` are the first of the
    global board with and without the hits.
    """

    actions: int = 0
    verdicts: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)
    hits: list[Hit] = field(default_factory=list)
    also_held: int = 0
    agreement: Agreement = field(default_factory=Agreement)
    before: Sequence[Score] = ()
    after: Sequence[Score] = ()


def run_backtest(
    store: Store,
    *,
    policy: Policy,
    since: datetime,
    until: datetime,
    model: Model | None = None,
    on_progress: Callable[[int], None] = lambda _actions: None,
) -> Backtest:
    """Judge the stored actions of this time again, in the order of their numbers.

    Profiles begin empty, so that the first actions of each player are judged without a past: let
    the time begin some days before what matters. Raises DatabaseUnavailableError.
    """
    found = Backtest()
    judge = Judge(policy)
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        memory = Memory(list_play_sessions(connection, since=since, until=until), model)
        for judged in iterate_judged(connection, since=since, until=until):
            screening = memory.screen(judged.candidate, judge)
            _count(found, judged, screening.verdict, screening.reason)
            if found.actions % REPORTED_EVERY == 0:
                on_progress(found.actions)
        first = list_first(connection, limit=TOP + len({hit.user_id for hit in found.hits}))
    found.before, found.after = first[:TOP], _without(first, found.hits)
    return found


def is_guilty(judged: JudgedAction) -> bool | None:
    """Return what reviewers decided of an action last; None when nobody has decided."""
    if judged.decision in _GUILTY:
        return True
    return False if judged.decision in _INNOCENT else None


def _count(found: Backtest, judged: JudgedAction, verdict: Verdict, reason: str | None) -> None:
    found.actions += 1
    found.verdicts[verdict, reason or ""] += 1
    is_held = verdict is not Verdict.PASS
    guilty = is_guilty(judged)
    if guilty is not None:
        found.agreement.count(is_held=is_held, is_guilty=guilty)
    if not is_held:
        return
    action = judged.candidate
    found.users.add(action.user_id)
    if judged.status is Status.APPLIED:
        found.hits.append(
            Hit(
                UUID(action.action_id),
                action.user_id,
                action.score,
                verdict,
                reason,
                is_released=guilty is False,
            )
        )
    else:
        found.also_held += 1


def _without(first: Sequence[Score], hits: Sequence[Hit]) -> list[Score]:
    """Return the first of the board when these actions do not count."""
    lost: Counter[str] = Counter()
    for hit in hits:
        lost[hit.user_id] += hit.score
    kept = [score._replace(score=score.score - lost[str(score.user_id)]) for score in first]
    return sorted(kept, key=lambda score: -score.score)[:TOP]
