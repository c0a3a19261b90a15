"""Rewards in answers."""

from marshmallow import fields

from web.schemas.base import CamelSchema
from web.schemas.fields import Timestamp


class GrantedRewardSchema(CamelSchema):
    """What a player was granted when a period closed."""

    board = fields.String(required=True)
    period = fields.String(required=True)
    segment = fields.String(
        required=True, metadata={"description": "Empty for a board that is not split"}
    )
    rank = fields.Integer(
        required=True, metadata={"description": "In the standings that were sealed first"}
    )
    reward = fields.String(required=True)
    granted_at = Timestamp(required=True)


class GrantedRewardsSchema(CamelSchema):
    """One page of a player's rewards, the last one first."""

    rewards = fields.List(fields.Nested(GrantedRewardSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )
