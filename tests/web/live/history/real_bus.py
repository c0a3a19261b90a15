"""A board in Redis whose batches are published by the product's own scripts, stream and all."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.boards.model import GLOBAL_BOARD, TOP_SIZE, Top
from domain.events.wire import AppliedAction
from domain.store.postgres.boards.standings import BoardRow
from domain.store.redis import boards
from domain.store.redis.bus import publish_batch
from domain.store.store import Store


class RealBus:
    """Players numbered from 1, with these scores; every `act` is one batch, and one position."""

    def __init__(self, store: Store, *scores: int):
        self._store = store
        self._versions = 0
        self.scores = {UUID(int=number): score for number, score in enumerate(scores, start=1)}
        self.seq = 0
        # How many actions each player had applied at each position.
        self.applied: list[dict[UUID, int]] = [dict.fromkeys(self.scores, 0)]
        token = boards.begin_rebuild(store.redis, board=GLOBAL_BOARD)
        boards.write_rows(store.redis, list(map(self._row, self.scores)), board=GLOBAL_BOARD)
        assert boards.finish_rebuild(store.redis, board=GLOBAL_BOARD, token=token)

    def act(self, *actions: tuple[int, int]) -> None:
        """Let players (by number) score as one batch."""
        applied, batch_id = [], uuid4()
        counts = dict(self.applied[-1])
        for number, delta in actions:
            user = UUID(int=number)
            old = self.scores[user]
            self.scores[user] = old + delta
            counts[user] += 1
            applied.append(AppliedAction(uuid4(), user, old, old + delta, delta))
        rows = [self._row(user) for user in {action.user_id for action in applied}]
        boards.write_rows(self._store.redis, rows, board=GLOBAL_BOARD, batch_id=batch_id)
        assert publish_batch(
            self._store.redis,
            board=GLOBAL_BOARD,
            batch_id=batch_id,
            actions=applied,
            now=datetime.now(UTC),
            state=None,
        )
        self.applied.append(counts)
        self.seq += 1

    def read_top(self) -> Top:
        """Return the board as it is now."""
        top = boards.find_top(
            self._store.redis, board=GLOBAL_BOARD, size=TOP_SIZE, now=datetime.now(UTC)
        )
        assert top is not None
        return top

    def _row(self, user: UUID) -> BoardRow:
        self._versions += 1
        return BoardRow(
            user_id=user,
            username=f"player-{user.int}",
            score=self.scores[user],
            reached_seq=self._versions,
            version=self._versions,
            last_updated=datetime.now(UTC),
        )
