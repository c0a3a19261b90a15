"""Whether a client that was at one position can be brought to its channel's: all, or nothing."""

from datetime import datetime
from enum import Enum
from typing import Any

from domain.boards.model import Standing, Top
from domain.events.changes import RankChanged, ScoreUpdated, find_view_change, list_own_events
from domain.events.wire import RankMove
from web.live.channels import Channel, OwnChannel, View, encode_own_events, encode_view_change
from web.live.history.ring import Ring
from web.live.outgoing import Outgoing
from web.live.protocol import NO_POSITION, Position


class Outcome(Enum):
    """What becomes of a subscription with `since`; the label of the metric."""

    RECOVERED = "recovered"
    """All that was missed is known."""
    EPOCH = "epoch"
    """The position is of another epoch: Redis has lost its data since."""
    AHEAD = "ahead"
    """The position is one to which this process has not brought the channel."""
    EXPIRED = "expired"
    """It is older than what is kept, or messages were lost since."""
    LOST = "lost"
    """The bus is not followed now, so nothing has a position."""


def judge_since(ring: Ring[Any], channel: Channel, since: Position) -> Outcome:
    """Return whether all that this channel has sent since is known.

    A client may be further than its channel, for example after a time at another process: it has
    missed nothing while the channel has had nothing to say either.
    """
    position = channel.position
    if NO_POSITION in (since, position):
        return Outcome.LOST
    if since.epoch != position.epoch:
        return Outcome.EPOCH
    if since == position:
        return Outcome.RECOVERED
    if since.seq > position.seq:
        is_ahead = channel.is_pending or since.seq > ring.head.seq
        return Outcome.AHEAD if is_ahead else Outcome.RECOVERED
    # A view needs the state at that position too; that before a hole is not known.
    is_known = ring.state_at(since) is not None if isinstance(channel, View) else True
    return Outcome.RECOVERED if is_known and ring.covers(since) else Outcome.EXPIRED


def encode_view_step(ring: Ring[Top], before: Top, after: Top, limit: int) -> Outgoing | None:
    """Return what leads the first `limit` rows from one top to a later one; None for nothing."""
    change = find_view_change(
        before,
        after,
        limit,
        lambda user: ring.find_step(user, after=before.seq, upto=after.seq),
    )
    if change is None:
        return None
    return encode_view_change(change, before.seq, Position(after.epoch, after.seq), after.read_at)


def encode_view_missed(ring: Ring[Top], view: View, since: Position) -> Outgoing | None:
    """Return what a view has sent since a position that is RECOVERED; None for nothing."""
    before = ring.state_at(since)
    if before is None or since.seq >= view.position.seq:
        return None
    return view.encode_missed(
        since.seq, lambda: encode_view_step(ring, before, view.shown, view.limit)
    )


def encode_own_missed(
    ring: Ring[Top], channel: OwnChannel, since: Position, own: Standing | None, at: datetime
) -> Outgoing:
    """Return a user's actions since a position that is RECOVERED, and the standing of now.

    What the ranks were in between is not kept of everybody: all events have the rank of now.
    """
    position = channel.position
    after = min(since.seq, position.seq)
    step = ring.find_step(channel.user_id, after=after, upto=position.seq)
    events: list[ScoreUpdated | RankChanged] = []
    if step is not None:
        rank, score = (own.rank, own.score) if own else (None, None)
        events += list_own_events(
            channel.user_id, step._replace(move=RankMove(rank, rank), score=score)
        )
    if own is not None:
        events.append(RankChanged(own.user_id, own.score, own.rank, None, "resumed"))
    return encode_own_events(events, after, position, at)
