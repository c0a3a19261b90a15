"""The channels of one board in this process, and the steps that they make together.

The hub registers listeners here, moves the ring on, and sends the steps. No method switches
greenlets: what they return is of one moment.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from domain.boards.model import BoardId, Top
from domain.events.changes import MAX_SINGLE_UPDATES, RankChanged, ScoreUpdated, list_own_events
from web.live import encoding
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.channels import Channel, Listener, OwnChannel, View, ViewKey, encode_own_events
from web.live.history.resuming import encode_view_step
from web.live.history.ring import Ring
from web.live.outgoing import Outgoing
from web.live.protocol import Position

Step = tuple[Channel, Outgoing]
OwnEvent = ScoreUpdated | RankChanged

# For when nothing is held back.
IDLE_SECONDS = 1.0


class BoardChannels:
    """Each user's own channel, and the views that somebody follows.

    `clock` is monotonic; `on_own_events` is called with a user and the events of a step.
    """

    def __init__(
        self,
        board: BoardId,
        ring: Ring[Top],
        *,
        clock: Callable[[], float] = time.monotonic,
        on_own_events: Callable[[UUID, list[OwnEvent]], None] = lambda _user, _events: None,
    ):
        self.own: dict[str, OwnChannel] = {}
        self.views: dict[ViewKey, View] = {}
        self._board = board
        self._ring = ring
        self._clock = clock
        self._on_own_events = on_own_events
        # Those with something held back, and the head at which the others were last looked at.
        self._held: dict[Channel, None] = {}
        self._looked_at = 0

    def join(self, listener: Listener) -> None:
        """Add a listener to its user's own channel."""
        user = str(listener.user_id)
        if user not in self.own:
            self.own[user] = OwnChannel(self._board, self._ring.head, listener.user_id)
        self.own[user].add(listener)

    def leave(self, listener: Listener) -> bool:
        """Remove a listener from its user's own channel; return whether it was the last one."""
        channel = self.find_own(listener.user_id)
        if channel is None:
            return False
        channel.remove(listener)
        if channel.listeners:
            return False
        del self.own[str(listener.user_id)]
        self._held.pop(channel, None)
        return True

    def find_own(self, user_id: UUID) -> OwnChannel | None:
        """Return this user's own channel, if somebody listens to it."""
        return self.own.get(str(user_id))

    def list_users(self) -> list[UUID]:
        """Return the users who have own channels."""
        return [channel.user_id for channel in self.own.values()]

    def list_shown_ids(self) -> list[frozenset[str]]:
        """Return for each view the text of the ids of those who are in it."""
        return [view.shown_ids for view in self.views.values()]

    def find_view(self, limit: int, top: Top) -> View:
        """Return the view of the first `limit` rows; one that nobody followed shows `top`."""
        key = ViewKey(self._board, limit)
        return self.views.get(key) or View(key, self._ring.head, top)

    def follow(self, listener: Listener, view: View) -> None:
        """Let a listener follow this view, and no other one."""
        self.unfollow(listener)
        listener.view = ViewKey(self._board, view.limit)
        self.views[listener.view] = view
        view.add(listener)

    def unfollow(self, listener: Listener) -> None:
        """Let a listener follow no view."""
        if listener.view is None:
            return
        key, listener.view = listener.view, None
        view = self.views.get(key)
        if view is not None:
            view.remove(listener)
            if not view.listeners:
                del self.views[key]
                self._held.pop(view, None)

    def restart(self, own_position: Position, top: Top) -> None:
        """Move all channels to where every listener is sent a snapshot."""
        self._held.clear()
        for channel in self.own.values():
            channel.restart(own_position)
        position = Position(top.epoch, top.seq)
        for view in self.views.values():
            view.restart(position)
            view.show(top)

    def take_steps(self, acting: frozenset[str]) -> list[Step]:
        """Return the steps to the ring's head, to which these users' actions have brought it.

        What would come too soon after the last one is held back.
        """
        now, top = self._clock(), self._ring.state
        if top is None:
            return []
        steps: list[Step] = []
        for user in acting:
            channel = self.own.get(user)
            if channel is not None:
                steps += self._step_own(channel, now, top.read_at)
        for view in self.views.values():
            if view.is_pending or view.is_touched(top, acting):
                steps += self._step_view(view, top, now)
        return steps

    def take_due_steps(self) -> list[Step]:
        """Return the steps that were held back for long enough, and those of lagging channels."""
        now, top = self._clock(), self._ring.state
        if top is None:
            return []
        steps: list[Step] = []
        for channel in [channel for channel in self._held if channel.window_left(now) <= 0]:
            if isinstance(channel, OwnChannel):
                steps += self._step_own(channel, now, top.read_at)
            elif isinstance(channel, View):
                steps += self._step_view(channel, top, now)
        return [*steps, *self._move_lagging(top)]

    def seconds_until_due(self) -> float:
        """Return after how many seconds `take_due_steps` may have something to return."""
        now = self._clock()
        left = (channel.window_left(now) for channel in self._held)
        return max(0.0, min((*left, IDLE_SECONDS)))

    @property
    def has_held(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def _step_own(self, channel: OwnChannel, now: float, at: datetime) -> Iterator[Step]:
        """Yield the step of a user's own channel, unless it has sent enough in this window."""
        head, since = self._ring.head, channel.position
        step = self._ring.find_step(channel.user_id, after=since.seq, upto=head.seq)
        if step is None:
            return
        events = list_own_events(channel.user_id, step)
        if channel.window_left(now) <= 0:
            channel.window_began, channel.sent = now, 0
        count = sum(isinstance(event, ScoreUpdated) for event in events)
        if channel.sent + count > MAX_SINGLE_UPDATES:
            self._hold(channel)
            return
        channel.sent += count
        self._on_own_events(channel.user_id, events)
        self._release(channel, head)
        yield channel, encode_own_events(events, since.seq, head, at)

    def _step_view(self, view: View, top: Top, now: float) -> Iterator[Step]:
        if view.window_left(now) > 0:
            self._hold(view)
            return
        outgoing = encode_view_step(self._ring, view.shown, top, view.limit)
        if outgoing is None:
            view.is_pending = False
            self._held.pop(view, None)
            return
        view.window_began = now
        self._release(view, self._ring.head)
        view.show(top)
        yield view, outgoing

    def _move_lagging(self, top: Top) -> Iterator[Step]:
        head, most_lag = self._ring.head, self._ring.bounds.most_lag
        if abs(head.seq - self._looked_at) < most_lag // 4:
            return
        self._looked_at = head.seq
        for channel in (*self.own.values(), *self.views.values()):
            if head.seq - channel.position.seq >= most_lag and not channel.is_pending:
                name = OWN_CHANNEL
                if isinstance(channel, View):
                    name = LEADERBOARD
                    channel.show(top)
                channel.advance(head)
                yield channel, Outgoing(encoding.subscribed(None, name, head, recovered=True))

    def _hold(self, channel: Channel) -> None:
        channel.is_pending = True
        self._held[channel] = None

    def _release(self, channel: Channel, position: Position) -> None:
        self._held.pop(channel, None)
        channel.advance(position)
