"""The rows around the players who follow them: read again when they may have changed.

A change marks followers; one thread reads what is marked, many by one script, each follower once a
round, whatever came meanwhile. Used by the feeds of boards and by the global board.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from domain.boards.model import AroundAsked
from domain.store.redis.bulk_reads import MAX_AROUND
from web.live.board_source import SQL_SHARE
from web.live.channels import Listener
from web.live.encoding import subscribed
from web.live.outgoing import Message, Outgoing
from web.live.protocol import NO_POSITION, MessageId


class Around(NamedTuple):
    """The rows around one player: `rows` is the source's own, `mark` is "" for what SQL has read.

    Two with equal `shown` show the same.
    """

    mark: str
    shown: object
    rows: Any


class AroundSource(Protocol):
    """Where the rows around players are read, and how they are told."""

    @property
    def channel(self) -> str:
        """The channel's name."""

    def read(self, asked: Sequence[AroundAsked]) -> list[Around | None]:
        """Return the rows around up to MAX_AROUND players; None for what its mark knows.

        May switch greenlets. Raises DatabaseUnavailableError.
        """

    def encode(self, event: str, around: Around, at: datetime) -> Message:
        """Return the message with these rows: a `snapshot`, or `around`."""


class AroundView:
    """What one listener was shown of the rows around its user, `limit` on either side."""

    __slots__ = ("around", "is_being_read", "is_changed", "limit")

    def __init__(self, limit: int):
        self.limit = limit
        self.is_changed = False
        self.is_being_read = True
        # Nothing, until the subscription is answered.
        self.around: Around | None = None


Followers = list[tuple[Listener, AroundView]]


class AroundFollowers:
    """The listeners that follow the rows around their users on one board, or one part of it.

    `start` and `read_changed` may switch greenlets, and raise DatabaseUnavailableError. `asked_sql`
    says whether SQL had to be asked lately. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        source: AroundSource,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ):
        self.views: dict[Listener, AroundView] = {}
        self.asked_sql = False
        self._source = source
        self._now = now
        self._clock = clock
        self._due = 0.0

    def start(self, listener: Listener, limit: int, message_id: MessageId) -> None:
        """Let a listener follow, from a snapshot on."""
        view = self.views[listener] = AroundView(limit)
        try:
            (around,) = self._source.read([AroundAsked(listener.user_id, limit)])
        except Exception:
            if self.views.get(listener) is view:
                del self.views[listener]
            raise
        view.is_being_read = False
        if self.views.get(listener) is view and around is not None:
            view.around = around
            self.asked_sql |= not around.mark
            listener.send(
                Outgoing(
                    subscribed(message_id, self._source.channel, NO_POSITION),
                    self._source.encode("snapshot", around, self._now()),
                )
            )

    def mark_changed(self, may_differ: Callable[[Around], bool] = lambda _: True) -> None:
        """Let the next round read the rows of those listeners for whom they may differ now."""
        for view in self.views.values():
            # What is being read may be of before the change, and is not known yet.
            if not view.is_changed:
                view.is_changed = (
                    view.is_being_read or view.around is None or may_differ(view.around)
                )

    def read_changed(self) -> None:
        """Send those whose rows have changed since the last round the rows as they are now.

        While SQL has to be asked this takes SQL_SHARE of the time at most. What an error leaves is
        read in the next round.
        """
        began = self._clock()
        if began < self._due:
            return
        asked_sql = False
        for part in self._list_changed():
            asked_sql |= self._read_part(part)
        self.asked_sql = asked_sql
        if asked_sql:
            ended = self._clock()
            self._due = ended + (ended - began) / SQL_SHARE

    def _list_changed(self) -> Iterator[Followers]:
        changed = [
            (listener, view)
            for listener, view in self.views.items()
            if view.is_changed and view.around is not None
        ]
        for start in range(0, len(changed), MAX_AROUND):
            yield [
                (listener, view)
                for listener, view in changed[start : start + MAX_AROUND]
                # Others had their turn during the read of the part before.
                if self.views.get(listener) is view
            ]

    def _read_part(self, part: Followers) -> bool:
        """Read for these followers, and return whether SQL was asked."""
        asked = []
        for listener, view in part:
            view.is_changed, view.is_being_read = False, True
            mark = view.around.mark if view.around else ""
            asked.append(AroundAsked(listener.user_id, view.limit, mark))
        try:
            found = self._source.read(asked)
        except Exception:
            for _, view in part:
                view.is_changed = True
            raise
        finally:
            for _, view in part:
                view.is_being_read = False
        for (listener, view), around in zip(part, found, strict=True):
            if around is not None and self.views.get(listener) is view:
                self._show(listener, view, around)
        return any(around is not None and not around.mark for around in found)

    def _show(self, listener: Listener, view: AroundView, around: Around) -> None:
        before, view.around = view.around, around
        if before is None or before.shown != around.shown:
            listener.send(Outgoing(self._source.encode("around", around, self._now())))
