"""The messages of boards in `laurel.v1`, as JSON: only this module knows their fields."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.boards.diff import ViewDiff
from domain.boards.model import Standing
from domain.events.following import BoardPart, CurrentRanking, IndexedStanding
from domain.rankings.reads.reader import RankingNeighborhood
from web.boards.ranking_fields import standing_fields
from web.boards.row_encoding import standing_fields as global_fields
from web.live.channel_names import AROUND_SELF, around_channel, top_channel
from web.live.outgoing import Message, make_message
from web.live.protocol import Position

CLOSED_FIELDS = ("period", "revision", "rows", "nextPeriod", "rewards")


def snapshot(
    part: BoardPart,
    current: CurrentRanking,
    position: Position,
    rows: Sequence[IndexedStanding],
    total_users: int,
    at: datetime,
) -> Message:
    """Return the snapshot of a board's first rows at a position."""
    return make_message(
        {
            "event": "snapshot",
            "channel": top_channel(part.board),
            "epoch": position.epoch,
            "seq": position.seq,
            **_current_fields(part, current),
            "leaderboard": [_indexed_fields(row) for row in rows],
            "totalUsers": total_users,
            "timestamp": at,
        }
    )


def changed(
    part: BoardPart,
    current: CurrentRanking,
    since: int,
    position: Position,
    diff: ViewDiff[IndexedStanding],
    total_users: int,
    at: datetime,
) -> Message:
    """Return `leaderboard_changed` of a board: the changes since `since`."""
    return make_message(
        {
            "event": "leaderboard_changed",
            "channel": top_channel(part.board),
            "epoch": position.epoch,
            "from": since,
            "seq": position.seq,
            **_part_fields(part),
            "period": current.period.key,
            "changes": [
                {
                    "userId": row.standing.user_id,
                    "username": row.standing.username,
                    "score": row.standing.score,
                    "columns": row.standing.columns,
                    "index": row.index,
                    "newRank": row.rank,
                    "previousRank": previous_rank,
                    "lastUpdate": row.standing.last_updated,
                }
                for row, previous_rank in ((c.standing, c.previous_rank) for c in diff.changes)
            ],
            "removed": diff.removed,
            "totalUsers": total_users,
            "timestamp": at,
        }
    )


def around(
    event: str,
    part: BoardPart,
    current: CurrentRanking,
    found: RankingNeighborhood,
    at: datetime,
) -> Message:
    """Return the rows around a player: `snapshot`, the first time, then `around`."""
    own = found.own
    return make_message(
        {
            "event": event,
            "channel": around_channel(part.board),
            **_current_fields(part, current),
            "you": standing_fields(own) if own else None,
            "gapToNext": found.gap,
            "around": [standing_fields(row) for row in found.around],
            "totalUsers": found.total,
            "timestamp": at,
        }
    )


def own_around(
    event: str, user_id: UUID, rows: Sequence[Standing], total_users: int, at: datetime
) -> Message:
    """Return the rows around a player of the global board: `snapshot`, then `around`."""
    index = next((index for index, row in enumerate(rows) if row.user_id == user_id), None)
    own = None if index is None else rows[index]
    ahead = rows[index - 1] if index else None
    return make_message(
        {
            "event": event,
            "channel": AROUND_SELF,
            "you": global_fields(own) if own else None,
            "gapToNext": ahead.score - own.score if own and ahead else None,
            "around": [global_fields(row) for row in rows],
            "totalUsers": total_users,
            "timestamp": at,
        }
    )


def period_closed(channel: str, part: BoardPart, wire: Mapping[str, Any], at: datetime) -> Message:
    """Return that a period was sealed; raises KeyError or ValueError for another message."""
    return make_message(
        {
            "event": "period_closed",
            "channel": channel,
            **_part_fields(part),
            **{name: wire[name] for name in CLOSED_FIELDS},
            "closedAt": datetime.fromisoformat(wire["closedAt"]),
            "timestamp": at,
        }
    )


def ended(channel: str, reason: str) -> Message:
    """Return that the server has ended a subscription; the reason is a code of the HTTP API."""
    return make_message({"event": "unsubscribed", "id": None, "channel": channel, "reason": reason})


def _part_fields(part: BoardPart) -> dict[str, Any]:
    return {"board": part.board.slug, "segment": part.segment or None}


def _current_fields(part: BoardPart, current: CurrentRanking) -> dict[str, Any]:
    return {
        **_part_fields(part),
        "boardVersion": current.version.version,
        "period": current.period.key,
        "periodStart": current.period.start,
        "periodEnd": current.period.end,
    }


def _indexed_fields(row: IndexedStanding) -> dict[str, Any]:
    return {"index": row.index, **standing_fields(row.standing)}
