"""Which channel is whose: those of the global board are the hub's, all others the boards'.

Sessions subscribe here.
"""

from uuid import UUID

from domain.errors import InvalidPayloadError
from web.live.boards.live_boards import LiveBoards
from web.live.channel_names import OWN_CHANNEL, board_of
from web.live.channels import Listener
from web.live.hub import Hub
from web.live.protocol import BadMessageError, Position, Subscribe, Unsubscribe


class Subscriptions:
    """What listeners of this process may follow; belongs to one event loop."""

    def __init__(self, hub: Hub, boards: LiveBoards):
        self._hub = hub
        self._boards = boards

    def join(self, listener: Listener) -> None:
        """Add a listener; from now on it is sent its user's events."""
        self._hub.register(listener)

    def leave(self, listener: Listener) -> None:
        """Stop sending anything to a listener; doing it again changes nothing."""
        self._hub.unregister(listener)
        self._boards.leave(listener)

    def own_position(self, user_id: UUID) -> Position:
        """Return the position of this user's own channel."""
        return self._hub.own_position(user_id)

    def subscribe(self, listener: Listener, op: Subscribe) -> None:
        """Let a listener follow a channel, from a snapshot on. Raises LaurelError.

        `since` is not used: no past events are kept to resume from, and the protocol allows a
        snapshot with `recovered: false` for every subscription.
        """
        if op.channel == OWN_CHANNEL:
            self._hub.send_own_snapshot(listener, op.id)
        elif board_of(op.channel) is not None:
            self._boards.subscribe(listener, op)
        else:
            self._hub.subscribe(listener, op.limit, op.id)

    def unsubscribe(self, listener: Listener, op: Unsubscribe) -> None:
        """Stop sending a channel to a listener. Raises BadMessageError for the user's own."""
        if op.channel == OWN_CHANNEL:
            raise BadMessageError(InvalidPayloadError(f"{OWN_CHANNEL} is always on"), op.id)
        if board_of(op.channel) is not None:
            self._boards.unsubscribe(listener, op.channel)
        else:
            self._hub.unsubscribe(listener)
