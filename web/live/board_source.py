"""Where the hub looks when the bus does not tell: the top, and the places of single users."""

import time
from collections.abc import Sequence
from uuid import UUID

import structlog

from domain.boards.model import BoardId, Standing, Top
from domain.boards.reader import find_standings, read_top
from domain.errors import LaurelError
from domain.store.store import Store

logger = structlog.get_logger(__name__)

# While the bus is away, newcomers share one look at SQL for this long.
FRESH_SECONDS = 1.0


class BoardSource:
    """Reads the board from the stores; the sorted set first, SQL while Redis is away."""

    def __init__(self, store: Store, board: BoardId):
        self._store = store
        self._board = board
        self._recent: Top | None = None
        self._read_at = 0.0

    def read_top(self) -> Top:
        """Return the top as it is now. Raises DatabaseUnavailableError when both are away."""
        self._recent = read_top(self._store, board=self._board)
        self._read_at = time.monotonic()
        return self._recent

    def read_recent_top(self) -> Top:
        """Return a top that is at most FRESH_SECONDS old. Raises DatabaseUnavailableError."""
        if self._recent is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            return self.read_top()
        return self._recent

    def find_places(self, user_ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """Return where these users stand, as far as the stores can tell now."""
        try:
            return find_standings(self._store, board=self._board, user_ids=user_ids)
        except LaurelError as error:
            logger.warning("places not found", error=type(error).__name__, users=len(user_ids))
            return {}
