"""The messages of the server in `laurel.v1`, as JSON: only this module knows their fields.

Used by channels, sessions and the service. The specification's fields are flat in each event; ours
are added to them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from domain.boards.diff import ViewDiff
from domain.boards.model import Standing
from domain.errors import LaurelError
from domain.events.changes import RankChanged, ScoreUpdated
from web.boards.row_encoding import standing_fields
from web.http.responses import dump_json
from web.live.channel_names import LEADERBOARD, OWN_CHANNEL
from web.live.outgoing import Message, make_message
from web.live.protocol import (
    HEARTBEAT_SECONDS,
    MAX_CHANNELS,
    MAX_MESSAGE_BYTES,
    MessageId,
    Position,
)


def encode_rows(standings: Sequence[Standing]) -> orjson.Fragment:
    """Return rows encoded once, for the snapshots of many sockets."""
    return orjson.Fragment(dump_json([standing_fields(standing) for standing in standings]))


def welcome(connection_id: str, position: Position, now: datetime) -> Message:
    """Return the first message of a connection; the position is that of its own channel."""
    message = make_message(
        {
            "event": "welcome",
            "connectionId": connection_id,
            "heartbeatSeconds": HEARTBEAT_SECONDS,
            "limits": {"channels": MAX_CHANNELS, "messageBytes": MAX_MESSAGE_BYTES},
            "epoch": position.epoch,
            "seq": position.seq,
            "timestamp": now,
        }
    )
    return message._replace(channel=OWN_CHANNEL)


def subscribed(
    message_id: MessageId, channel: str, position: Position, *, recovered: bool = False
) -> Message:
    """Return the answer to `subscribe`.

    Also sent unasked: when a channel is resynced, and with `recovered` to move a channel on that
    has had nothing to say for long.
    """
    return make_message(
        {
            "event": "subscribed",
            "id": message_id,
            "channel": channel,
            "epoch": position.epoch,
            "seq": position.seq,
            "recovered": recovered,
        }
    )


def unsubscribed(message_id: MessageId, channel: str) -> Message:
    """Return the answer to `unsubscribe`."""
    return make_message({"event": "unsubscribed", "id": message_id, "channel": channel})


def board_snapshot(
    position: Position,
    rows: orjson.Fragment,
    total_users: int,
    own: Standing | None,
    now: datetime,
) -> Message:
    """Return the snapshot of a view at a position, with the listener's own row as `you`."""
    return make_message(
        {
            "event": "snapshot",
            "channel": LEADERBOARD,
            "epoch": position.epoch,
            "seq": position.seq,
            "leaderboard": rows,
            "totalUsers": total_users,
            "you": standing_fields(own) if own else None,
            "timestamp": now,
        }
    )


def own_snapshot(
    position: Position, total_users: int, own: Standing | None, now: datetime
) -> Message:
    """Return the snapshot of a user's own channel at a position."""
    return make_message(
        {
            "event": "snapshot",
            "channel": OWN_CHANNEL,
            "epoch": position.epoch,
            "seq": position.seq,
            "totalUsers": total_users,
            "you": standing_fields(own) if own else None,
            "timestamp": now,
        }
    )


def score_updated(
    event: ScoreUpdated, channel: str, since: int, position: Position, at: datetime
) -> Message:
    """Return the specification's `score_updated`."""
    return make_message(
        {
            "event": "score_updated",
            "userId": event.user_id,
            "newScore": event.new_score,
            "scoreIncrease": event.score_increase,
            "newRank": event.new_rank,
            "timestamp": at,
            "channel": channel,
            "epoch": position.epoch,
            "from": since,
            "seq": position.seq,
            "actionId": event.action_id,
            "previousScore": event.previous_score,
            "merged": event.merged,
        }
    )


def user_position_changed(
    event: RankChanged, since: int, position: Position, at: datetime
) -> Message:
    """Return the specification's `user_position_changed`."""
    return make_message(
        {
            "event": "user_position_changed",
            "userId": event.user_id,
            "newScore": event.new_score,
            "scoreIncrease": 0,
            "newRank": event.new_rank,
            "previousRank": event.previous_rank,
            "reason": event.reason,
            "timestamp": at,
            "channel": OWN_CHANNEL,
            "epoch": position.epoch,
            "from": since,
            "seq": position.seq,
        }
    )


def leaderboard_changed(
    changed: ViewDiff[Standing], total_users: int, since: int, position: Position, at: datetime
) -> Message:
    """Return the specification's `leaderboard_changed`: the changes since `since`."""
    return make_message(
        {
            "event": "leaderboard_changed",
            "channel": LEADERBOARD,
            "epoch": position.epoch,
            "from": since,
            "seq": position.seq,
            "changes": [_change(c.standing, c.previous_rank) for c in changed.changes],
            "removed": changed.removed,
            "totalUsers": total_users,
            "timestamp": at,
        }
    )


def _change(standing: Standing, previous_rank: int | None) -> dict[str, Any]:
    return {
        "userId": standing.user_id,
        "username": standing.username,
        "score": standing.score,
        "newRank": standing.rank,
        "previousRank": previous_rank,
        "lastUpdate": standing.last_update,
    }


def error(failure: LaurelError, message_id: MessageId) -> Message:
    """Return an `error` event; its codes are those of the HTTP API."""
    return make_message(
        {"event": "error", "id": message_id, "code": failure.code, "message": failure.message}
    )


def pong(message_id: MessageId, now: datetime) -> Message:
    """Return the answer to `ping`."""
    return make_message({"event": "pong", "id": message_id, "timestamp": now})


def authenticated(message_id: MessageId, expires_at: datetime) -> Message:
    """Return the answer to `auth`."""
    return make_message({"event": "authenticated", "id": message_id, "expiresAt": expires_at})


def auth_expiring(expires_at: datetime) -> Message:
    """Return the warning that the connection's token is about to end."""
    return make_message({"event": "auth_expiring", "expiresAt": expires_at})


def going_away(retry_after_ms: int) -> Message:
    """Return the last message of a server that stops: when this client should come back."""
    return make_message({"event": "going_away", "retryAfterMs": retry_after_ms})
