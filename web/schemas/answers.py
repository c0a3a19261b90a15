"""Response bodies, for the OpenAPI document; a test checks real responses against them."""

from marshmallow import fields, validate

from domain.actions.model import Status
from domain.moderation.model import AppealState
from domain.rankings.model import Reason
from web.schemas.base import CamelSchema
from web.schemas.fields import StrictUUID, Timestamp
from web.schemas.rewards import GrantedRewardSchema

STATUSES = [status.value for status in Status]


def number(description: str, *, nullable: bool = False) -> fields.Integer:
    """Return a required integer field with a description."""
    return fields.Integer(required=True, allow_none=nullable, metadata={"description": description})


def boards_left_out() -> fields.Dict:
    """Return the field that says where an action does not count; absent when it counts on all."""
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf([reason.value for reason in Reason])),
        metadata={"description": "By board that the action is for: why it does not count there"},
    )


class CompletedSchema(CamelSchema):
    """An applied action."""

    success = fields.Boolean(required=True)
    new_score = number("The player's score with it")
    previous_score = number("The player's score before it")
    leaderboard_position = number("The player's rank; null when not on the board", nullable=True)
    action_id = StrictUUID(required=True)
    boards = boards_left_out()


class AcceptedSchema(CamelSchema):
    """A stored action whose outcome is not known yet, or that is held for review."""

    success = fields.Boolean(required=True)
    action_id = StrictUUID(required=True)
    status = fields.String(required=True, metadata={"enum": ["pending", "quarantined"]})


class ErrorBodySchema(CamelSchema):
    """What went wrong."""

    code = fields.String(required=True, metadata={"description": "Stable; see the list of codes"})
    message = fields.String(required=True, metadata={"description": "For people; may change"})
    timestamp = Timestamp(required=True)
    request_id = fields.String(
        required=True, metadata={"description": "The same as the header X-Request-ID"}
    )
    doc_url = fields.String(
        required=True,
        metadata={
            "format": "uri-reference",
            "description": "Where the code is explained, relative to this host",
        },
    )
    details = fields.Dict(metadata={"description": "Facts that belong to this code"})


class ErrorSchema(CamelSchema):
    """The envelope of every error."""

    success = fields.Boolean(required=True, metadata={"enum": [False]})
    error = fields.Nested(ErrorBodySchema, required=True)


class BatchErrorSchema(CamelSchema):
    """Why one action of a batch was refused."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    details = fields.Dict()


class BatchResultSchema(CamelSchema):
    """One action's outcome; with `error` the other fields are absent."""

    action_id = StrictUUID(required=True, allow_none=True)
    status = fields.String(metadata={"enum": STATUSES})
    new_score = fields.Integer(allow_none=True)
    previous_score = fields.Integer(allow_none=True)
    leaderboard_position = fields.Integer(allow_none=True)
    boards = boards_left_out()
    error = fields.Nested(BatchErrorSchema)


class BatchResultsSchema(CamelSchema):
    """The outcomes of a batch, in the order in which its actions were sent."""

    success = fields.Boolean(required=True)
    results = fields.List(fields.Nested(BatchResultSchema), required=True)


class OwnAppealSchema(CamelSchema):
    """The player's appeal against an action."""

    at = Timestamp(required=True)
    state = fields.String(required=True, metadata={"enum": [*map(str, AppealState)]})


class ActionRecordSchema(CamelSchema):
    """An action as its owner sees it later."""

    action_id = StrictUUID(required=True)
    status = fields.String(required=True, metadata={"enum": STATUSES})
    score = number("What the action adds")
    timestamp = Timestamp(
        required=True, allow_none=True, metadata={"description": "When the client completed it"}
    )
    metadata = fields.Dict(
        required=True, allow_none=True, metadata={"description": "As it was sent"}
    )
    new_score = number("The score with it", nullable=True)
    previous_score = number("The score before it", nullable=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was rejected or held"}
    )
    accepted_at = Timestamp(required=True)
    completed_at = Timestamp(required=True, allow_none=True)
    boards = boards_left_out()
    appeal = fields.Nested(OwnAppealSchema)


class HistorySchema(CamelSchema):
    """One page of a player's actions."""

    actions = fields.List(fields.Nested(ActionRecordSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )


class StandingSchema(CamelSchema):
    """One row of the leaderboard."""

    rank = number("From 1; unique: of equal scores the one reached first ranks higher")
    user_id = StrictUUID(required=True)
    username = fields.String(required=True)
    score = number("The sum of the applied actions")
    last_update = Timestamp(required=True)


class LeaderboardSchema(CamelSchema):
    """The top of the board."""

    leaderboard = fields.List(fields.Nested(StandingSchema), required=True)
    total_users = number("Players on the board")
    last_updated = Timestamp(
        required=True, allow_none=True, metadata={"description": "null while the board is empty"}
    )


class LeaderboardPageSchema(LeaderboardSchema):
    """One page of the board; the first is the top."""

    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )


class NeighborhoodSchema(LeaderboardSchema):
    """The caller's standing, those around it, and the top, all of one moment."""

    you = fields.Nested(StandingSchema, required=True, allow_none=True)
    percentile = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "100 · (totalUsers - rank) / totalUsers"},
    )
    around = fields.List(fields.Nested(StandingSchema), required=True)


class PlayerScoreSchema(CamelSchema):
    """A player's score, statistics and rank."""

    user_id = StrictUUID(required=True)
    username = fields.String(required=True)
    score = number("The sum of the applied actions")
    rank = number("null when not on the board", nullable=True)
    total_actions = number("Applied actions")
    first_action = Timestamp(required=True, allow_none=True)
    last_action = Timestamp(required=True, allow_none=True)


class SessionSchema(CamelSchema):
    """A new login."""

    user_id = StrictUUID(required=True)
    username = fields.String(required=True)
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = number("Seconds until the access token expires")


class AccountSchema(CamelSchema):
    """The account after a change."""

    user_id = StrictUUID(required=True)
    username = fields.String(required=True)


class OpenSessionSchema(CamelSchema):
    """One login that has not ended."""

    session_id = StrictUUID(required=True)
    created_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)


class AccountExportSchema(PlayerScoreSchema):
    """What is stored of a player, with one page of the actions, newest first."""

    has_password = fields.Boolean(required=True)
    has_second_factor = fields.Boolean(required=True)
    attributes = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    created_at = Timestamp(required=True)
    sessions = fields.List(fields.Nested(OpenSessionSchema), required=True)
    rewards = fields.List(fields.Nested(GrantedRewardSchema), required=True)
    actions = fields.List(fields.Nested(ActionRecordSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )


class FullExportPageSchema(CamelSchema):
    """A page of everything that is stored of a player: the account first, then the actions."""

    account = fields.Dict(
        keys=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "On the first page; null on the others"},
    )
    actions = fields.List(fields.Nested(ActionRecordSchema), required=True)
    archived = fields.Boolean(
        required=True, metadata={"description": "Whether the actions are from the archives"}
    )
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page"}
    )


class RefreshedSchema(CamelSchema):
    """A new access token, and the refresh token to use next."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(
        required=True, metadata={"description": "Replaces the one that was sent"}
    )
    expires_in = number("Seconds until the access token expires")


class SpectatorSchema(CamelSchema):
    """A token that may look at boards and players; it belongs to no account."""

    access_token = fields.String(required=True)
    expires_in = number("Seconds until the access token expires; then ask for another")


class TicketSchema(CamelSchema):
    """A ticket for one WebSocket."""

    ticket = fields.String(
        required=True, metadata={"description": "Offered as the subprotocol `ticket.<ticket>`"}
    )
    expires_in = number("Seconds until it expires")
    url = fields.String(required=True, metadata={"description": "Address of the WebSocket server"})


class StatusSchema(CamelSchema):
    """A state in one word."""

    status = fields.String(required=True)


class HealthSchema(StatusSchema):
    """The state of each part of the system."""

    parts = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        required=True,
        metadata={"description": "Each with `ok`, `ms` and, if it is not ok, `error`"},
    )
