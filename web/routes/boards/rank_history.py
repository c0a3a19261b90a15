"""A player's rank and score on a board at moments of the past."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request

from domain.errors import HistoryTooLargeError
from domain.rankings.definition import BoardDefinition
from domain.rankings.folding import to_display
from domain.rankings.history.moments import (
    DEFAULT_POINTS,
    group_by_period,
    list_day_ends,
    list_evenly,
)
from domain.rankings.history.ranking_past import PastStanding
from domain.rankings.history.reading import read_history
from domain.rankings.model import Period
from domain.rankings.reads.named_periods import current_period, next_reset
from web.http.entity_tags import answer_tagged
from web.http.responses import Answer
from web.routes.boards.board_requests import Asked, ask, refuse_field
from web.schemas.boards import RankHistoryQuery
from web.schemas.queries import load_query, read_path_uuid
from web.services import services

DEFAULT_SPAN = timedelta(days=30)

_query = RankHistoryQuery()


def history(user_id: str) -> Answer:
    """Return where a player stood, at one moment or over time."""
    player = read_path_uuid("userId", user_id)
    query = load_query(_query, request.args)
    asked = ask(query["board"])
    moments = _choose_moments(asked.live.definition, query, asked.now)
    try:
        found = read_history(
            services().store,
            version=asked.live,
            user_id=player,
            segment=query["segment"],
            moments=moments,
        )
    except HistoryTooLargeError as error:
        raise HistoryTooLargeError(
            error.message, details={"command": _command(asked, moments[0])}
        ) from error
    points = [_point_fields(asked.live.definition, standing) for standing in found]
    payload = {
        **_period_fields(asked, query["at"]),
        "userId": player,
        **(points[0] if query["at"] else {"points": points}),
    }
    return answer_tagged(payload, request.headers.get("If-None-Match"))


def _period_fields(asked: Asked, at: datetime | None) -> dict[str, Any]:
    """Return the board, and the period that the moment is in, or ends; else that of now."""
    definition = asked.live.definition
    if at is None:
        period: Period | None = current_period(definition, asked.now)
    else:
        period = group_by_period(definition, [at])[0].period
    return {
        "board": definition.id.slug,
        "boardVersion": asked.live.version,
        "period": period and period.key,
        "periodStart": period and period.start,
        "periodEnd": period and period.end,
        "nextReset": next_reset(definition, asked.now),
    }


def _choose_moments(
    definition: BoardDefinition, query: dict[str, Any], now: datetime
) -> Sequence[datetime]:
    """Return the moments that are asked for. Raises InvalidPayloadError naming a bad field."""
    at, since, until, points = query["at"], query["since"], query["until"], query["points"]
    for name, moment in (("at", at), ("from", since), ("until", until)):
        if moment is not None and moment > now:
            raise refuse_field(name, "In the future.")
    if at is not None:
        if since or until or points:
            raise refuse_field("at", "Not together with from, until or points.")
        return [at]
    if since is None and until is None:
        return list_day_ends(definition, now=now, points=points or DEFAULT_POINTS)
    until = until or now
    since = since or until - DEFAULT_SPAN
    if since >= until:
        raise refuse_field("from", "Not before until.")
    return list_evenly(since, until, points=points or DEFAULT_POINTS)


def _point_fields(definition: BoardDefinition, standing: PastStanding) -> dict[str, Any]:
    tally = standing.tally
    columns = tally.columns if tally else ()
    return {
        "at": standing.at.astimezone(UTC),
        "period": standing.period_key,
        "rank": standing.rank,
        "score": to_display(definition, tally.value) if tally else None,
        "columns": [to_display(definition, number) for number in columns],
        "totalUsers": standing.total,
    }


def _command(asked: Asked, moment: datetime) -> str:
    slug = asked.live.definition.id.slug
    return f"flask --app wsgi ledger replay --until {moment.isoformat()} --board {slug}"
