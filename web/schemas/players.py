"""What everybody may read of a player, for the OpenAPI document."""

from marshmallow import fields

from web.schemas.answers import PlayerScoreSchema, number
from web.schemas.base import CamelSchema
from web.schemas.boards import BoardPlaceSchema
from web.schemas.fields import Timestamp


class ScorePointSchema(CamelSchema):
    """The score with one action."""

    at = Timestamp(required=True, metadata={"description": "When the action was accepted"})
    score = number("The score with it, as it was then")


class PublicActionSchema(CamelSchema):
    """An applied action, as everybody may see it."""

    at = Timestamp(required=True, metadata={"description": "When it was accepted"})
    action_type = fields.String(required=True, allow_none=True)
    score = number("What it added")
    new_score = number("The score with it", nullable=True)


class PlayerHistorySchema(PlayerScoreSchema):
    """A player's numbers, the score over time, and the last actions."""

    is_whole = fields.Boolean(
        required=True,
        metadata={"description": "Whether there is a point for every applied action that is kept"},
    )
    points = fields.List(
        fields.Nested(ScorePointSchema),
        required=True,
        metadata={"description": "At most 120, the first first"},
    )
    last_actions = fields.List(
        fields.Nested(PublicActionSchema),
        required=True,
        metadata={"description": "At most 10, the newest first"},
    )


class PlayerPlaceSchema(BoardPlaceSchema):
    """A player's place on a board."""

    title = fields.String(required=True)
    rank = number("The player's rank there")
    score = fields.Float(required=True, metadata={"description": "In the board's own unit"})


class PlayerPlacesSchema(CamelSchema):
    """A player's places on boards that the caller may read."""

    places = fields.List(
        fields.Nested(PlayerPlaceSchema),
        required=True,
        metadata={"description": "Of the first 20 boards"},
    )
