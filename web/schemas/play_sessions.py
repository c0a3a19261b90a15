"""The body and the answer of play sessions."""

from marshmallow import fields

from web.schemas.base import CamelSchema, InputSchema
from web.schemas.fields import StrictUUID


class OwnPlaySessionSchema(InputSchema):
    """A play session of the caller: an empty object."""


class PlaySessionSchema(InputSchema):
    """Whose play session it is to be."""

    user_id = StrictUUID(
        metadata={"description": "The player; only a token with the role `service` may name one"},
    )


class OpenedPlaySessionSchema(CamelSchema):
    """A play session that has begun; times are the server's."""

    session_id = fields.UUID(
        required=True, metadata={"description": "What actions name as `metadata.sessionId`"}
    )
    started_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
