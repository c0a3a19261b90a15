"""How the hub tells those whom others moved: by an event on their own channels.

While the bus is not followed nothing leads on from a position, and a snapshot says it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from domain.events.changes import RankChanged
from web.live.board_source import BoardSource
from web.live.channels import encode_own_events, encode_own_start
from web.live.followed_board import BusState, FollowedBoard
from web.live.history.board_channels import BoardChannels, Step


class StandingsTeller:
    """The Teller of a hub. `hold` is the hub's order, `send` its way of sending steps."""

    def __init__(
        self,
        source: BoardSource,
        state: FollowedBoard,
        channels: BoardChannels,
        *,
        hold: AbstractContextManager[object],
        send: Callable[[Sequence[Step]], None],
        now: Callable[[], datetime],
    ):
        self.hold = hold
        self._source = source
        self._state = state
        self._channels = channels
        self._send = send
        self._now = now

    @property
    def is_followed(self) -> bool:
        """Whether messages of the bus say when somebody may have moved."""
        return self._state.bus is BusState.FOLLOWING

    def list_users(self) -> list[UUID]:
        """Return the players who have listeners."""
        return self._channels.list_users()

    def can_tell(self, user_id: UUID) -> bool:
        """Return whether an event leads the player's channel on.

        It does not when the channel is at the head already: what was read is then ahead of the bus,
        whose next message is on its way. Nor may it pass actions that are held back.
        """
        channel = self._channels.find_own(user_id)
        if channel is None or not self.is_followed:
            return True
        return not channel.is_pending and channel.position.seq < self._state.head.seq

    def tell(self, moved: Sequence[RankChanged]) -> None:
        """Send each of these its event. Raises DatabaseUnavailableError for a snapshot."""
        if self.is_followed:
            self._send([*self._list_steps(moved)])
        else:
            self._send_snapshots([event.user_id for event in moved])

    def _list_steps(self, moved: Sequence[RankChanged]) -> Iterator[Step]:
        head, at = self._state.head, self._now()
        for event in moved:
            channel = self._channels.find_own(event.user_id)
            if channel is not None:
                outgoing = encode_own_events([event], channel.position.seq, head, at)
                channel.advance(head)
                yield channel, outgoing

    def _send_snapshots(self, users: Sequence[UUID]) -> None:
        total = self._state.read_current_top().total_users
        standings = self._source.find_standings(users)
        for user_id, own in standings.items():
            channel = self._channels.find_own(user_id)
            if channel is not None:
                position = self._state.position_for(channel.position)
                start = encode_own_start(position, total, own, self._now())
                for listener in tuple(channel.listeners):
                    listener.send(start)
