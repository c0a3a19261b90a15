"""Training: a model of what is usual, made of stored actions.

Called by the operators' `flask fraud train`, which stores the model in shadow.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

from domain.actions.model import Status
from domain.errors import InvalidPayloadError
from domain.fraud.anomaly.features import features
from domain.fraud.anomaly.model import Model
from domain.fraud.anomaly.training import train
from domain.fraud.judging import Judge
from domain.fraud.policy import Policy
from domain.fraud.trials.backtest import REPORTED_EVERY, is_guilty
from domain.fraud.trials.memory import Memory
from domain.store.postgres.fraud.judged_actions import iterate_judged, list_play_sessions
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Store

MOST_ROWS = 100_000
"""Actions that a model is made of: of more, a sample."""

_SEED = 1

Row = tuple[float, ...]


class _Sample:
    """So many rows of all, each with the same chance (reservoir sampling, Vitter 1985)."""

    def __init__(self, most: int) -> None:
        self.rows: list[Row] = []
        self._most = most
        self._seen = 0
        self._random = Random(_SEED)  # noqa: S311 - the same actions make the same model

    def add(self, row: Row) -> None:
        self._seen += 1
        if len(self.rows) < self._most:
            self.rows.append(row)
            return
        place = self._random.randrange(self._seen)
        if place < self._most:
            self.rows[place] = row


def train_model(
    store: Store,
    *,
    policy: Policy,
    since: datetime,
    until: datetime,
    on_progress: Callable[[int], None] = lambda _actions: None,
) -> Model:
    """Return a model of the actions of this time that count and that nobody found guilty.

    `policy` judges while the actions pass by, so that profiles learn as they did. Raises
    InvalidPayloadError when there are too few, and DatabaseUnavailableError.
    """
    judge, sample, seen = Judge(policy), _Sample(MOST_ROWS), 0
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        memory = Memory(list_play_sessions(connection, since=since, until=until))
        for judged in iterate_judged(connection, since=since, until=until):
            signals = memory.read(judged.candidate)
            if judged.status is Status.APPLIED and not is_guilty(judged):
                sample.add(features(judged.candidate, signals))
            memory.judge(judged.candidate, signals, judge)
            seen += 1
            if seen % REPORTED_EVERY == 0:
                on_progress(seen)
    try:
        return train(sample.rows)
    except ValueError as error:
        raise InvalidPayloadError(str(error)) from None
