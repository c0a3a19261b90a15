"""The users who have listeners in this process, and where they stand.

Redis is told who they are, and messages have the ranks of such users only. Used by the hub.
"""

from collections.abc import Iterable
from uuid import UUID

from domain.boards.model import Standing
from domain.events.wire import BusMessage, add_standings
from web.live.board_source import BoardSource


class Audience:
    """The users who have listeners. Methods that read or write a store may switch greenlets."""

    def __init__(self, source: BoardSource):
        self._source = source
        self._users: dict[str, UUID] = {}

    def add(self, user_id: UUID) -> None:
        """Count the user among those who have listeners."""
        self._users[str(user_id)] = user_id

    def remove(self, user_id: UUID) -> None:
        """Count the user no longer among them."""
        self._users.pop(str(user_id), None)

    def announce_all(self) -> None:
        """Announce every user again; called before Redis forgets them, or when it may have."""
        self._source.mark_listened(list(self._users.values()))

    def complete(self, message: BusMessage, seen: Iterable[frozenset[str]]) -> BusMessage:
        """Return the message with where those of its users stand who are seen or have listeners.

        `seen` are the users in each view. It lacks those who were not known to have listeners when
        it was published, and those who have just left the top. What the stores say of them may be
        of a moment later.
        """
        acting = message.acting
        shown = acting.intersection(frozenset().union(*seen))
        found: dict[UUID, Standing | None] = {}
        # Asked again after each look-up, for those who came during it.
        while missing := self._list_unplaced(acting, shown, message, found):
            found.update(dict.fromkeys(missing))
            found.update(self._source.find_standings(missing))
        return add_standings(message, filter(None, found.values()))

    def _list_unplaced(
        self,
        acting: frozenset[str],
        shown: frozenset[str],
        message: BusMessage,
        found: dict[UUID, Standing | None],
    ) -> list[UUID]:
        interesting = (UUID(user) for user in acting if user in self._users or user in shown)
        return [user for user in interesting if user not in message.ranks and user not in found]
