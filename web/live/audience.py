"""The users who have listeners in this process, and what a bus message says to these listeners.

Redis is told who they are, and messages have the ranks of such users only. Most of a message
concerns players to whom nobody listens here, and is not parsed. Used by the hub.
"""

from collections.abc import Iterator
from uuid import UUID

from domain.boards.model import Standing, Top
from domain.events.wire import BusMessage, add_standings, parse_bus_message
from web.live.board_source import BoardSource


class Audience:
    """The users who have listeners. Methods that read or write a store may switch greenlets."""

    def __init__(self, source: BoardSource):
        self._source = source
        self._users: dict[UUID, str] = {}

    def add(self, user_id: UUID) -> None:
        """Count the user among those who have listeners."""
        self._users[user_id] = str(user_id)

    def remove(self, user_id: UUID) -> None:
        """Count the user no longer among them."""
        self._users.pop(user_id, None)

    def announce(self, user_id: UUID) -> None:
        """Let bus messages have this user's ranks; called before its first listener is added."""
        if user_id not in self._users:
            self._source.mark_listened([user_id])

    def announce_all(self) -> None:
        """Announce every user again; called before Redis forgets them, or when it may have."""
        self._source.mark_listened(list(self._users))

    def parse(self, raw: str, seen: Top | None) -> BusMessage:
        """Return the message with the actions of users with listeners, of its top and of `seen`.

        `seen` is what the followers of the board were shown last; None when there are none. Raises
        as `parse_bus_message` does.
        """
        shown = {str(standing.user_id) for standing in seen.standings} if seen else set()
        return parse_bus_message(raw, shown.union(self._users.values()))

    def complete(self, raw: str, message: BusMessage, seen: Top | None) -> BusMessage:
        """Return the message with where all users of its actions stand.

        It lacks those who were not known to have listeners when it was published, and those who
        have just left the top. What the stores say of them may be of a moment later. May switch
        greenlets, but not after the message was parsed.
        """
        found: dict[UUID, Standing | None] = {}
        while missing := [user for user in _list_unplaced(message) if user not in found]:
            found.update(dict.fromkeys(missing))
            found.update(self._source.find_standings(missing))
            message = self.parse(raw, seen)
        return add_standings(message, filter(None, found.values())) if found else message


def _list_unplaced(message: BusMessage) -> Iterator[UUID]:
    users = dict.fromkeys(action.user_id for action in message.actions)
    return (user for user in users if user not in message.ranks)
