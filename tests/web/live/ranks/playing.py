"""The global board as it is played in this process: players who act through the whole pipeline."""

from uuid import UUID, uuid4

from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import find_neighborhood
from domain.boards.rebuild import rebuild_board
from tests.factories import make_action
from tests.pipeline import complete_actions
from workers.context import WorkerContext


class Game:
    """Players of these scores on a board that Redis knows."""

    def __init__(self, context: WorkerContext, *scores: int):
        self._context = context
        self.players = [uuid4() for _ in scores]
        self.act(*zip(self.players, scores, strict=True))
        assert rebuild_board(context.store, board=GLOBAL_BOARD)

    def act(self, *actions: tuple[UUID, int]) -> None:
        """Complete these players' actions as one batch."""
        complete_actions(
            self._context, [make_action(user_id=user, score=score) for user, score in actions]
        )

    def rows_around(self, user_id: UUID, neighbors: int) -> list[tuple[int, str, int]]:
        """Return rank, user and score of the rows around a player."""
        found = find_neighborhood(
            self._context.store, board=GLOBAL_BOARD, user_id=user_id, neighbors=neighbors
        )
        return [(row.rank, str(row.user_id), row.score) for row in found.around]

    def rank(self, user_id: UUID) -> int:
        """Return a player's rank."""
        return next(row[0] for row in self.rows_around(user_id, 1) if row[1] == str(user_id))
