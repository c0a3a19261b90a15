"""The listeners of this process: how they come, follow a channel from its start or a past position,
and leave.

Owned by the hub, which sends them what comes then; sessions come in by `subscriptions.py`.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from domain.boards.model import Standing, Top
from web.live import encoding, metrics
from web.live.audience import Audience
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.channels import (
    Channel,
    Listener,
    OwnChannel,
    View,
    ViewKey,
    encode_own_start,
    encode_view_start,
)
from web.live.followed_board import FollowedBoard, find_in
from web.live.history.board_channels import BoardChannels
from web.live.history.resuming import (
    Outcome,
    encode_own_missed,
    encode_view_missed,
    judge_since,
)
from web.live.history.ring import Ring
from web.live.outgoing import Outgoing
from web.live.protocol import NO_POSITION, MessageId, Position

# A player who acts all the time moves while the own standing is read; then one is a moment old.
MAX_LOOKS = 5


class Listeners:
    """Everybody who listens to one board. Methods that read a store may switch greenlets.

    `now` is the time of the snapshots.
    """

    def __init__(
        self,
        state: FollowedBoard,
        ring: Ring[Top],
        channels: BoardChannels,
        audience: Audience,
        now: Callable[[], datetime],
    ):
        self.present: set[Listener] = set()
        self._state = state
        self._ring = ring
        self._channels = channels
        self._audience = audience
        self._now = now

    def register(self, listener: Listener) -> None:
        """Add a listener; from now on it is sent its user's events."""
        self.present.add(listener)
        self._audience.add(listener.user_id)
        self._channels.join(listener)

    def unregister(self, listener: Listener) -> None:
        """Remove a listener; removing it again changes nothing."""
        self.present.discard(listener)
        if self._channels.leave(listener):
            self._audience.remove(listener.user_id)
        self._channels.unfollow(listener)

    def own_position(self, user_id: UUID) -> Position:
        """Return the position of this user's own channel."""
        channel = self._channels.find_own(user_id)
        return channel.position if channel else self._state.head

    def unsubscribe(self, listener: Listener) -> None:
        """Stop sending the board to a listener."""
        self._channels.unfollow(listener)

    def subscribe(
        self,
        listener: Listener,
        limit: int,
        message_id: MessageId,
        since: Position | None = None,
    ) -> None:
        """Let a listener follow the first `limit` rows: from `since` on, or from a snapshot.

        Raises DatabaseUnavailableError when the board cannot be read at all.
        """
        if since is not None and self._resume(listener, limit, message_id, since):
            return
        recent = self._state.read_current_top()
        own = find_in(recent, listener.user_id) or self._state.find_standing(listener.user_id)
        if listener not in self.present:  # it left during the reads
            return
        view = self._channels.find_view(limit, self._state.top or recent)
        self._channels.follow(listener, view)
        position = self._state.position_for(view.position)
        if not self._state.is_current:
            # Not what the other listeners of the view know, but what is so now.
            view = View(ViewKey(view.board, limit), NO_POSITION, recent)
        own = find_in(view.shown, listener.user_id) or own
        listener.send(encode_view_start(view, position, own, self._now(), message_id))

    def follow_own(
        self, listener: Listener, message_id: MessageId, since: Position | None = None
    ) -> None:
        """Send a listener what its user did since `since`, or where its user stands.

        Raises DatabaseUnavailableError when the board cannot be read at all.
        """
        found = self._find_own(listener)
        if found is None:
            return
        channel, top, own = found
        channel.add(listener)
        if since is not None and self._judge(channel, since) is Outcome.RECOVERED:
            answer = encoding.subscribed(message_id, OWN_CHANNEL, channel.position, recovered=True)
            missed = encode_own_missed(self._ring, channel, since, own, self._now())
            listener.send(Outgoing(answer) + missed)
            return
        position = self._state.position_for(channel.position)
        total = top.total_users
        listener.send(encode_own_start(position, total, own, self._now(), message_id))

    def _resume(
        self, listener: Listener, limit: int, message_id: MessageId, since: Position
    ) -> bool:
        """Let a listener follow a view from this position on, if all that it missed is known."""
        if self._state.top is None:
            return False
        view = self._channels.find_view(limit, self._state.top)
        if self._judge(view, since) is not Outcome.RECOVERED:
            return False
        self._channels.follow(listener, view)
        message = encoding.subscribed(message_id, LEADERBOARD, view.position, recovered=True)
        answer, missed = Outgoing(message), encode_view_missed(self._ring, view, since)
        # In one: a stream's id would say that all is there when only the answer has arrived.
        listener.send(answer if missed is None else answer + missed)
        return True

    def _judge(self, channel: Channel, since: Position) -> Outcome:
        is_current = self._state.is_current
        outcome = judge_since(self._ring, channel, since) if is_current else Outcome.LOST
        metrics.resumes.labels(outcome=outcome.value).inc()
        return outcome

    def _find_own(self, listener: Listener) -> tuple[OwnChannel, Top, Standing | None] | None:
        """Return a listener's own channel and its standing there; None when it has left."""
        found = None
        for _ in range(MAX_LOOKS):
            before = self.own_position(listener.user_id)
            top = self._state.read_current_top()
            own = find_in(top, listener.user_id) or self._state.find_standing(listener.user_id)
            channel = self._channels.find_own(listener.user_id)
            if channel is None or listener not in channel.listeners:
                return None
            found = channel, top, own
            if channel.position == before:
                break
        return found
