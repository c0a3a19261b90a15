"""Where the hub reads a board when the bus does not tell it: tops, standings, and old messages."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from domain.boards.followed import Moved, find_held_in_redis, find_moved
from domain.boards.model import BoardId, Held, Standing, Top
from domain.boards.reader import find_standings, read_top
from domain.errors import LaurelError, RedisUnavailableError
from domain.events.wire import BusMessage, parse_bus_message
from domain.store.redis import keys
from domain.store.redis.bus import mark_listened, read_messages
from domain.store.store import Store
from web.live.shared_reads import SharedReads

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
        self._standings = SharedReads(self.find_standings)
        self._newcomers = SharedReads(self._greet_all)

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

    def read_messages(
        self, epoch: str, *, first_seq: int | None = None, upto_seq: int = 0
    ) -> list[BusMessage]:
        """Return the last messages of the epoch that are kept and follow each other.

        Those from `first_seq` on, or else all that are kept of those before `upto_seq`. An empty
        list when Redis does not answer.
        """
        first = max(1, upto_seq - keys.STREAM_MAX_MESSAGES) if first_seq is None else first_seq
        messages: list[BusMessage] = []
        try:
            for raw in read_messages(self._store.redis, board=self.board, first_seq=first):
                message = parse_bus_message(raw)
                if message.epoch != epoch:
                    continue
                if messages and message.seq != messages[-1].seq + 1:
                    messages.clear()
                messages.append(message)
        except (RedisUnavailableError, ValueError, KeyError, TypeError) as error:
            logger.warning("messages not read", error=type(error).__name__, first_seq=first)
            return []
        return messages

    def find_standing(self, user_id: UUID) -> Standing | None:
        """Return a user's standing, as far as the stores answer; many who come share the reads."""
        return self._standings.find(user_id)

    def find_standings(self, user_ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """Return these users' standings, as far as the stores answer now."""
        try:
            return find_standings(self._store, board=self.board, user_ids=user_ids)
        except LaurelError as error:
            logger.warning("standings not read", error=type(error).__name__, users=len(user_ids))
            return {}

    def find_moved(self, known: Mapping[UUID, Held | None]) -> Moved:
        """Return those of up to MAX_HELD players who hold another rank than they know.

        Raises DatabaseUnavailableError.
        """
        return find_moved(self._store, board=self.board, known=known)

    def greet(self, user_id: UUID) -> Held | None:
        """Let bus messages have the ranks of a player who comes, and return what it holds now.

        Many who come share the reads. None while Redis does not know.
        """
        return self._newcomers.find(user_id)

    def mark_listened(self, user_ids: Sequence[UUID]) -> None:
        """Let bus messages have the ranks of these users for a minute, if Redis answers.

        Without it the hub reads their standings when it needs them.
        """
        with suppress(RedisUnavailableError):
            mark_listened(self._store.redis, board=self.board, user_ids=user_ids)

    def _greet_all(self, user_ids: Sequence[UUID]) -> dict[UUID, Held]:
        self.mark_listened(user_ids)
        return find_held_in_redis(self._store, board=self.board, user_ids=user_ids)
