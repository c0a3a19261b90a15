"""A small board that publishes its batches as the pipeline does, for tests of the listeners."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from redis import Redis

from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys


@dataclass
class _Row:
    score: int
    reached: int
    updated_ms: int


class Bus:
    """Scores, ranks and positions; every `act` is one batch on the bus."""

    def __init__(self, redis: "Redis[str]"):
        self._redis = redis
        self._rows: dict[UUID, _Row] = {}
        self._clock = 1_700_000_000_000
        self.epoch = uuid4().hex[:16]
        self.seq = 0

    def begin(self, *scores: int) -> list[UUID]:
        """Start a new epoch with players of these scores and return them."""
        players = [uuid4() for _ in scores]
        self._rows = {
            player: _Row(score, number, self._clock)
            for number, (player, score) in enumerate(zip(players, scores, strict=True))
        }
        self.epoch, self.seq = uuid4().hex[:16], 0
        self.publish([])
        return players

    def act(self, *actions: tuple[UUID, int]) -> list[UUID]:
        """Apply the actions as one batch, publish it, and return their ids."""
        before = {user: self.rank(user) for user, _ in actions}
        applied = [self._apply(user, delta) for user, delta in actions]
        ranks = {str(user): [before[user], self.rank(user)] for user in before}
        self.publish(applied, ranks)
        return [UUID(action[0]) for action in applied]

    def publish(self, actions: list[Any], ranks: dict[str, Any] | None = None) -> None:
        """Publish the board as it is now under the next position."""
        self.seq += 1
        order = self._order()
        message = {
            "board": str(GLOBAL_BOARD),
            "batch": str(uuid4()),
            "epoch": self.epoch,
            "seq": self.seq,
            "at": datetime.now(UTC),
            "total": len(order),
            "top": [
                [user, row.score, row.updated_ms, f"player-{user.hex[:6]}"]
                for user, row in ((user, self._rows[user]) for user in order[:100])
            ],
            "ranks": ranks or {},
            "scores": {action[1]: self._rows[UUID(action[1])].score for action in actions},
            "actions": actions,
        }
        self._redis.publish(keys.bus_channel(GLOBAL_BOARD), orjson.dumps(message).decode())

    def skip(self, count: int = 1) -> None:
        """Let positions pass that nobody hears of."""
        self.seq += count

    def rank(self, user: UUID) -> int | None:
        """Return the user's rank now."""
        order = self._order()
        return order.index(user) + 1 if user in order else None

    def _order(self) -> list[UUID]:
        by: Callable[[UUID], Any] = lambda user: (  # noqa: E731 - a key, used once
            -self._rows[user].score,
            self._rows[user].reached,
        )
        return sorted(self._rows, key=by)

    def _apply(self, user: UUID, delta: int) -> list[Any]:
        self._clock += 1000
        row = self._rows.setdefault(user, _Row(0, self._clock, self._clock))
        previous = row.score
        row.score += delta
        row.updated_ms = self._clock
        if delta:
            row.reached = self._clock
        return [str(uuid4()), str(user), previous, row.score, delta]
