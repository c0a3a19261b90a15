"""A board whose messages arrive, get lost or are forgotten as a test says; it knows the truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from domain.boards.model import BoardId, Standing, Top
from domain.events.wire import BusMessage, parse_bus_message, parse_top

BOARD = BoardId("chess")
NOW = datetime(2025, 8, 8, 10, tzinfo=UTC)
USERS = 14
Rows = list[tuple[str, int, int]]


class Clock:
    """Monotonic seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class ScriptedBoard:
    """A board of USERS players, its bus, its stream, and the stores as the hub reads them."""

    board = BOARD
    epoch: str = "e0"
    seq: int = 0
    scores: dict[UUID, int] = field(
        default_factory=lambda: {UUID(int=number): 100 - number for number in range(1, USERS + 1)}
    )
    stream: list[str] = field(default_factory=list)
    # Rows (user, rank, score) by position, and how often each user had acted there.
    truth: dict[tuple[str, int], Rows] = field(default_factory=dict)
    acted: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    is_away: bool = False

    def __post_init__(self) -> None:
        self._counts = {str(user): 0 for user in self.scores}
        self._note()

    def act(self, *actions: tuple[int, int]) -> str:
        """Let users (by number) score as one batch, and return its message, kept in the stream."""
        before = self._ranks()
        self.seq += 1
        rows = []
        for number, (user_no, delta) in enumerate(actions):
            user = UUID(int=user_no)
            old = self.scores.get(user, 0)
            self.scores[user] = old + delta
            action_id = UUID(int=int(self.epoch[1:]) * 10**9 + self.seq * 1000 + number)
            rows.append([str(action_id), str(user), old, old + delta, delta])
            self._counts[str(user)] = self._counts.get(str(user), 0) + 1
        after = self._ranks()
        moves = {row[1]: [before.get(row[1]), after[row[1]]] for row in rows}
        scores = {row[1]: self.scores[UUID(row[1])] for row in rows}
        self.stream.append(
            orjson.dumps(
                {**self._wire(), "batch": "b", "ranks": moves, "scores": scores, "actions": rows}
            ).decode()
        )
        self._note()
        return self.stream[-1]

    def begin_epoch(self) -> None:
        """Lose the data in Redis: another epoch begins at 0, and the stream is empty."""
        self.epoch, self.seq = f"e{int(self.epoch[1:]) + 1}", 0
        self.stream.clear()
        self._note()

    def read_top(self) -> Top:
        top = parse_top(orjson.dumps(self._wire()))
        if self.is_away:
            return Top(top.board, "", 0, top.total_users, top.standings, top.read_at)
        return top

    def read_recent_top(self) -> Top:
        return self.read_top()

    def read_messages(
        self, epoch: str, *, first_seq: int = 0, upto_seq: int = 0
    ) -> list[BusMessage]:
        assert upto_seq >= 0
        if self.is_away:
            return []
        messages: list[BusMessage] = []
        for message in map(parse_bus_message, self.stream):
            if message.epoch == epoch and message.seq >= first_seq:
                if messages and message.seq != messages[-1].seq + 1:
                    messages.clear()
                messages.append(message)
        return messages

    def find_standing(self, user_id: UUID) -> Standing | None:
        return self.find_standings([user_id]).get(user_id)

    def find_standings(self, user_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        wanted = set(user_ids)
        rows = enumerate(self._ordered(), start=1)
        return {
            user: Standing(rank, user, f"u{user.int}", self.scores[user], NOW)
            for rank, user in rows
            if user in wanted
        }

    def mark_listened(self, user_ids: Sequence[UUID]) -> None:
        pass

    def _note(self) -> None:
        ranks = self._ranks()
        rows = [(user, rank, self.scores[UUID(user)]) for user, rank in ranks.items()]
        self.truth[self.epoch, self.seq] = rows
        self.acted[self.epoch, self.seq] = dict(self._counts)

    def _wire(self) -> dict[str, Any]:
        rows = [[str(user), self.scores[user], 0, f"u{user.int}"] for user in self._ordered()]
        return {
            "board": str(BOARD),
            "epoch": self.epoch,
            "seq": self.seq,
            "at": NOW.isoformat(),
            "total": len(rows),
            "top": rows[:100],
        }

    def _ordered(self) -> list[UUID]:
        return sorted(self.scores, key=lambda user: (-self.scores[user], user))

    def _ranks(self) -> dict[str, int]:
        return {str(user): rank for rank, user in enumerate(self._ordered(), start=1)}
