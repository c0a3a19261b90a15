"""The rows around players of the global board: `around:self`.

Made by `live_boards.py`, which brings the messages of the board's bus.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf

import structlog

from domain.boards.followed import find_rows_around
from domain.boards.model import GLOBAL_BOARD, AroundAsked, Standing
from domain.events.wire import Touched, parse_touched
from domain.store.store import Store
from web.live.boards import encoding
from web.live.boards.around import Around, AroundFollowers, AroundSource
from web.live.channel_names import AROUND_SELF
from web.live.channels import Listener
from web.live.outgoing import Message
from web.live.protocol import MessageId

logger = structlog.get_logger(__name__)


class GlobalRows:
    """An AroundSource of the global board."""

    channel = AROUND_SELF

    def __init__(self, store: Store):
        self._store = store

    def read(self, asked: Sequence[AroundAsked]) -> list[Around | None]:
        """Return the rows around these players. Raises DatabaseUnavailableError."""
        found = find_rows_around(self._store, board=GLOBAL_BOARD, asked=asked)
        return [
            Around(each.mark, each.rows, (each, question)) if each else None
            for question, each in zip(asked, found, strict=True)
        ]

    def encode(self, event: str, around: Around, at: datetime) -> Message:
        """Return the message with these rows."""
        found, asked = around.rows
        return encoding.own_around(event, asked.user_id, found.rows, found.total_users, at)


class GlobalAround:
    """The followers of `around:self`; belongs to one event loop. The source is a GlobalRows.

    `start` and `read_changed` may switch greenlets, and raise DatabaseUnavailableError.
    """

    def __init__(self, source: AroundSource):
        self.followers = AroundFollowers(source)
        self._is_followed = False
        self._last: tuple[str, int] | None = None

    def start(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow, from a snapshot on; it replaces what it followed before."""
        self.followers.start(listener, limit, message_id)

    def is_following(self, listener: Listener) -> bool:
        """Return whether this listener follows."""
        return listener in self.followers.views

    def stop(self, listener: Listener) -> None:
        """Let a listener follow no more; doing it again changes nothing."""
        self.followers.views.pop(listener, None)

    def handle_connected(self) -> None:
        """The bus is subscribed: what was published meanwhile is read from the stores."""
        self._is_followed = True
        self.followers.mark_changed()

    def handle_lost(self) -> None:
        """The bus is lost: the stores are read again and again."""
        self._is_followed = False

    def handle_message(self, raw: str) -> None:
        """Mark those around whom a message of the board's bus may have changed something."""
        if not self.followers.views:
            self._last = None
            return
        try:
            touched = parse_touched(raw)
        except (ValueError, KeyError, TypeError) as error:
            logger.error("bus message not understood", error=type(error).__name__)
            self._last = None
        else:
            is_next = self._last == (touched.epoch, touched.seq - 1)
            self._last = (touched.epoch, touched.seq)
            if is_next and touched.scores:
                self._mark(touched)
                return
        # Something was missed, or it was no action: a name has changed, or a ban was shown.
        self.followers.mark_changed()

    def read_changed(self) -> None:
        """Send the rows around their users to those for whom they have changed."""
        # A replica of SQL may be behind the message that led to its read.
        if not self._is_followed or self.followers.asked_sql:
            self.followers.mark_changed()
        self.followers.read_changed()

    def _mark(self, touched: Touched) -> None:
        lows, highs = _merge(touched.scores)

        def may_differ(around: Around) -> bool:
            _, asked = around.rows
            low, high = _bounds(around.rows[0].rows, asked)
            at = bisect_left(highs, low)
            return at < len(lows) and lows[at] <= high

        self.followers.mark_changed(may_differ)


def _bounds(rows: Sequence[Standing], asked: AroundAsked) -> tuple[float, float]:
    """Return between which scores somebody must have been, or have come, to change these rows."""
    own = next((row.rank for row in rows if row.user_id == asked.user_id), None)
    if own is None:
        return -inf, inf
    is_full = rows[-1].rank - own == asked.neighbors
    return (rows[-1].score if is_full else -inf), (rows[0].score if rows[0].rank > 1 else inf)


def _merge(spans: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return the lower and the upper ends of the spans' union, in order."""
    lows: list[int] = []
    highs: list[int] = []
    for low, high in sorted(spans):
        if highs and low <= highs[-1]:
            highs[-1] = max(highs[-1], high)
        else:
            lows.append(low)
            highs.append(high)
    return lows, highs
