"""Where the hub reads a board when the bus does not tell it: the top, and single standings."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from domain.boards.followed import find_held
from domain.boards.model import BoardId, Held, Standing, Top
from domain.boards.reader import find_standings, read_top
from domain.errors import LaurelError, RedisUnavailableError
from domain.store.redis.bus import mark_listened
from domain.store.store import Store

logger = structlog.get_logger(__name__)

# How much of the time may go into reading from SQL what Redis does not have.
SQL_SHARE = 0.1
# While the bus is lost, all new listeners share one read of the stores for this long.
FRESH_SECONDS = 1.0


class BoardSource:
    """Reads one board from the stores: the sorted set first, SQL while Redis is away.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, store: Store, board: BoardId, *, clock: Callable[[], float] = time.monotonic
    ):
        self.board = board
        self._store = store
        self._clock = clock
        self._recent: Top | None = None
        self._read_at = 0.0

    def read_top(self) -> Top:
        """Return the top of now. Raises DatabaseUnavailableError when both stores are away."""
        self._recent = read_top(self._store, board=self.board)
        self._read_at = self._clock()
        return self._recent

    def read_recent_top(self) -> Top:
        """Return a top that is at most FRESH_SECONDS old. Raises DatabaseUnavailableError."""
        if self._recent is None or self._clock() - self._read_at > FRESH_SECONDS:
            return self.read_top()
        return self._recent

    def find_standings(self, user_ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """Return these users' standings, as far as the stores answer now."""
        try:
            return find_standings(self._store, board=self.board, user_ids=user_ids)
        except LaurelError as error:
            logger.warning("standings not read", error=type(error).__name__, users=len(user_ids))
            return {}

    def find_held(self, user_ids: Sequence[UUID]) -> dict[UUID, Held]:
        """Return what each of up to MAX_HELD players holds. Raises DatabaseUnavailableError."""
        return find_held(self._store, board=self.board, user_ids=user_ids)

    def try_find_held(self, user_ids: Sequence[UUID]) -> dict[UUID, Held]:
        """Return what these players hold; nothing while the stores do not answer."""
        try:
            return self.find_held(user_ids)
        except LaurelError as error:
            logger.warning("ranks not read", error=type(error).__name__, users=len(user_ids))
            return {}

    def mark_listened(self, user_ids: Sequence[UUID]) -> None:
        """Let bus messages have the ranks of these users for a minute, if Redis answers.

        Without it the hub reads their standings when it needs them.
        """
        with suppress(RedisUnavailableError):
            mark_listened(self._store.redis, board=self.board, user_ids=user_ids)
