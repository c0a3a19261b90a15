"""Which channel is whose: the top of the global board is the hub's, all others the boards'.

Sessions subscribe here.
"""

from uuid import UUID

from domain.errors import InvalidPayloadError
from web.live.boards.live_boards import LiveBoards
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.channels import Listener
from web.live.hub import Hub
from web.live.protocol import MAX_CHANNELS, BadMessageError, Position, Subscribe, Unsubscribe


class Subscriptions:
    """What listeners of this process may follow; belongs to one event loop."""

    def __init__(self, hub: Hub, boards: LiveBoards):
        self._listeners = hub.listeners
        self._boards = boards

    def join(self, listener: Listener) -> None:
        """Add a listener; from now on it is sent its user's events."""
        self._listeners.register(listener)

    def leave(self, listener: Listener) -> None:
        """Stop sending anything to a listener; doing it again changes nothing."""
        self._listeners.unregister(listener)
        self._boards.leave(listener)

    def own_position(self, user_id: UUID) -> Position:
        """Return the position of this user's own channel."""
        return self._listeners.own_position(user_id)

    def subscribe(self, listener: Listener, op: Subscribe) -> None:
        """Let a listener follow a channel: from `since` on if it can, else from a snapshot.

        The rows around a player are whole, and always begin with a snapshot. Raises LaurelError.
        """
        self._check_limit(listener, op.channel)
        if op.channel == OWN_CHANNEL:
            self._listeners.follow_own(listener, op.id, op.since)
        elif op.channel == LEADERBOARD:
            self._listeners.subscribe(listener, op.limit, op.id, op.since)
        else:
            self._boards.subscribe(listener, op)

    def unsubscribe(self, listener: Listener, op: Unsubscribe) -> None:
        """Stop sending a channel to a listener. Raises BadMessageError for the user's own."""
        if op.channel == OWN_CHANNEL:
            raise BadMessageError(InvalidPayloadError(f"{OWN_CHANNEL} is always on"), op.id)
        if op.channel == LEADERBOARD:
            self._listeners.unsubscribe(listener)
        else:
            self._boards.unsubscribe(listener, op.channel)

    def _check_limit(self, listener: Listener, channel: str) -> None:
        followed = {OWN_CHANNEL, channel, *self._boards.list_channels(listener)}
        if listener.view is not None:
            followed.add(LEADERBOARD)
        if len(followed) > MAX_CHANNELS:
            raise InvalidPayloadError(f"A connection has at most {MAX_CHANNELS} channels")
