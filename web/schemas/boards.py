"""Queries and answers of the boards' readers; a test checks real answers against them."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from domain.boards.model import GLOBAL_BOARD
from domain.rankings.history.moments import MAX_POINTS
from domain.rankings.history.past_scores import MAX_PLAYERS, MAX_SCORES
from web.boards.ranking_cursors import MAX_CURSOR_CHARS
from web.schemas.answers import number
from web.schemas.base import CamelSchema
from web.schemas.fields import StrictUUID, Timestamp
from web.schemas.queries import DEFAULT_TOP_LIMIT, QueryInteger, QuerySchema

MAX_PAGE = 100
MAX_PERIOD_CHARS = 32
MAX_SEGMENT_CHARS = 64
MAX_COLUMNS = 4
MAX_SLUG_CHARS = 32
_NUMBER = re.compile(r"-?[0-9]{1,16}(?:\.[0-9]{1,9})?", re.ASCII)


class QueryNumber(fields.Field[int | float]):
    """A number in plain ASCII digits, with a sign and decimals where it has them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | float:
        if type(value) is not str or not _NUMBER.fullmatch(value):
            raise ValidationError("Not a number.")
        return float(value) if "." in value else int(value)


class QueryNumbers(QueryNumber):
    """Numbers with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        parts = str(value).split(",")
        if len(parts) > MAX_COLUMNS:
            raise ValidationError(f"More than {MAX_COLUMNS} numbers.")
        return [super(QueryNumbers, self)._deserialize(part, attr, data) for part in parts]


# What PostgreSQL takes as a text.
_without_nul = validate.ContainsNoneOf("\0", error="Has a NUL.")


def _period() -> fields.String:
    return fields.String(
        load_default="current",
        validate=[validate.Length(1, MAX_PERIOD_CHARS), _without_nul],
        metadata={"description": "`current`, `previous`, or a key such as `2026-W47`"},
    )


def _segment() -> fields.String:
    return fields.String(
        load_default=None,
        validate=[validate.Length(1, MAX_SEGMENT_CHARS), _without_nul],
        metadata={"description": "Of a board that is split"},
    )


class BoardStandingsQuery(QuerySchema):
    """Which page of which ranking of a board to return."""

    period = _period()
    segment = _segment()
    limit = QueryInteger(load_default=DEFAULT_TOP_LIMIT, validate=validate.Range(1, MAX_PAGE))
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, MAX_CURSOR_CHARS),
        metadata={"description": "`nextCursor` of the page before; of its period and segment"},
    )
    revision = QueryInteger(
        load_default=None,
        validate=validate.Range(1, 2**31 - 2),
        metadata={"description": "Of a closed period, for admins: as this seal has it"},
    )


class BoardPlayerQuery(QuerySchema):
    """In which ranking of a board to look for a player; the segment is found without being told."""

    period = _period()
    segment = _segment()


class BoardNeighborhoodQuery(BoardPlayerQuery):
    """How many standings above and below the caller's to return."""

    neighbors = QueryInteger(load_default=2, validate=validate.Range(0, 50))


class QueryPlayers(fields.String):
    """Ids of players with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        parts = str(value).split(",")
        if len(parts) > MAX_PLAYERS:
            raise ValidationError(f"More than {MAX_PLAYERS} players.")
        return [StrictUUID().deserialize(part, attr, data) for part in parts]


class PastScoresQuery(QuerySchema):
    """Of whom to return the last scores."""

    players = QueryPlayers(
        required=True,
        metadata={"description": f"1 to {MAX_PLAYERS} user ids with commas between them"},
    )
    segment = _segment()


class BoardRankQuery(QuerySchema):
    """What to rank."""

    score = QueryNumber(required=True, metadata={"type": "number"})
    columns = QueryNumbers(
        load_default=list,
        metadata={"description": "The tie-breakers' numbers, with commas between them"},
    )
    period = _period()
    segment = _segment()


class RankHistoryQuery(QuerySchema):
    """Which moments of the past to look at."""

    board = fields.String(
        load_default=GLOBAL_BOARD.slug, validate=validate.Length(1, MAX_SLUG_CHARS)
    )
    segment = _segment()
    at = Timestamp(
        load_default=None,
        metadata={"description": "One moment: all that was accepted before it counts"},
    )
    since = Timestamp(
        data_key="from", load_default=None, metadata={"description": "Where the points begin"}
    )
    until = Timestamp(load_default=None, metadata={"description": "The last point"})
    points = QueryInteger(
        load_default=None,
        validate=validate.Range(1, MAX_POINTS),
        metadata={"description": "How many moments of the span, or how many days"},
    )


class PastStandingSchema(CamelSchema):
    """Where a player stood at a moment."""

    at = Timestamp(required=True)
    period = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The key of the period that the moment is in, or ends"},
    )
    rank = number("null where the player was not on the board", nullable=True)
    score = fields.Float(required=True, allow_none=True)
    columns = fields.List(
        fields.Float(), required=True, metadata={"description": "The tie-breakers' numbers"}
    )
    total_users = number("Players in the ranking at that moment")


class BoardStandingSchema(CamelSchema):
    """One row of a board."""

    rank = number("From 1; by the board's rule players who are tied share it")
    user_id = StrictUUID(required=True)
    username = fields.String(required=True)
    score = fields.Float(required=True, metadata={"description": "The board's value"})
    columns = fields.List(
        fields.Float(), required=True, metadata={"description": "The tie-breakers' numbers"}
    )
    last_update = Timestamp(required=True)


class BoardPeriodSchema(CamelSchema):
    """A board, its version, and a period."""

    board = fields.String(required=True)
    board_version = number("Of the definition by which the answer was counted")
    period = fields.String(required=True, metadata={"description": "The period's key"})
    period_start = Timestamp(required=True, allow_none=True)
    period_end = Timestamp(
        required=True, allow_none=True, metadata={"description": "The first moment behind it"}
    )
    next_reset = Timestamp(
        required=True, allow_none=True, metadata={"description": "When the period of now ends"}
    )


class RankHistorySchema(BoardPeriodSchema):
    """A player's past on a board: `points`, or with `at` the fields of one of them instead."""

    period = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The key of the period that `at` is in, or ends; else of now"},
    )
    user_id = StrictUUID(required=True)
    points = fields.List(fields.Nested(PastStandingSchema))
    at = Timestamp()
    rank = fields.Integer(allow_none=True)
    score = fields.Float(allow_none=True)
    columns = fields.List(fields.Float())
    total_users = fields.Integer()


class BoardSchema(BoardPeriodSchema):
    """A board and its period of now."""

    state = fields.String(required=True, metadata={"enum": ["live", "building", "archived"]})
    definition = fields.Dict(required=True)


class BoardsSchema(CamelSchema):
    """The boards that the caller may read."""

    boards = fields.List(fields.Nested(BoardSchema), required=True)


class BoardBuildingSchema(CamelSchema):
    """The version of a board that is being computed."""

    version = number("Of the definition that comes next")
    progress = fields.Float(required=True, metadata={"description": "From 0 to 1"})


class BoardDetailsSchema(BoardSchema):
    """A board, its segments, and what is being computed."""

    segments = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "Those with players in the period of now, at most 1,000"},
    )
    building = fields.Nested(BoardBuildingSchema, required=True, allow_none=True)


class BoardRankingSchema(BoardPeriodSchema):
    """Which ranking of a board an answer is of."""

    segment = fields.String(required=True, allow_none=True)
    revision = number("Of a sealed period's last seal, else null", nullable=True)
    total_users = number("Players in the ranking")


class PlayerScoresSchema(CamelSchema):
    """The last scores of one player."""

    user_id = StrictUUID(required=True)
    scores = fields.List(
        fields.Float(),
        required=True,
        metadata={"description": f"At most {MAX_SCORES}, the first first; the last is that of now"},
    )


class PastScoresSchema(BoardPeriodSchema):
    """The last scores of players in the ranking of now."""

    segment = fields.String(required=True, allow_none=True)
    players = fields.List(
        fields.Nested(PlayerScoresSchema),
        required=True,
        metadata={"description": "Those who are in the ranking, in the order of the question"},
    )


class BoardStandingsSchema(BoardRankingSchema):
    """One page of a board."""

    leaderboard = fields.List(fields.Nested(BoardStandingSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )


class BoardPlaceSchema(BoardRankingSchema):
    """What a player's place tells beside the standing."""

    percentile = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "100 · (totalUsers - rank) / totalUsers"},
    )
    gap_to_next = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "What the score lacks to the next better rank; null for the first"
        },
    )
    rank_at_day_start = number(
        "Where the player was when the board's local day began; null for nowhere, and when it is"
        " not known",
        nullable=True,
    )


class BoardNeighborhoodSchema(BoardPlaceSchema):
    """The caller's standing, those around it, and the top, all of one moment."""

    you = fields.Nested(BoardStandingSchema, required=True, allow_none=True)
    around = fields.List(fields.Nested(BoardStandingSchema), required=True)
    leaderboard = fields.List(fields.Nested(BoardStandingSchema), required=True)


class BoardPlayerSchema(BoardPlaceSchema):
    """One player's standing."""

    player = fields.Nested(BoardStandingSchema, required=True)


class BoardRankSchema(BoardRankingSchema):
    """The rank that a score would get."""

    score = fields.Float(required=True)
    rank = number("Behind players with the same score, or with them where they share a rank")
