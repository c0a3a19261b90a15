"""Answers about players: found, shown, banned and snoozed."""

from marshmallow import fields

from web.schemas.answers import STATUSES, number
from web.schemas.base import CamelSchema
from web.schemas.fields import StrictUUID, Timestamp
from web.schemas.moderation.answers import ActSchema, AppealSchema, moment, next_cursor, word
from web.schemas.moderation.trace_answers import TracedClientSchema


class RunningBanSchema(CamelSchema):
    """A ban that has not ended."""

    reason = word("Public: the player sees it")
    from_ = Timestamp(required=True, data_key="from")
    until = moment("null: for good", nullable=True)


class BannedSchema(RunningBanSchema):
    """A ban that was made or changed."""

    user_id = StrictUUID(required=True)


class FoundPlayerSchema(CamelSchema):
    """A player as search finds them."""

    user_id = StrictUUID(required=True)
    username = word()
    created_at = moment()
    score = number("The sum of the applied actions, those of a banned player too")
    total_actions = number("Applied actions")
    ban = fields.Nested(RunningBanSchema, required=True, allow_none=True)
    case_id = StrictUUID(
        required=True, allow_none=True, metadata={"description": "Of the open case"}
    )


class FoundPlayersSchema(CamelSchema):
    """One page of players, in order of their names."""

    users = fields.List(fields.Nested(FoundPlayerSchema), required=True)
    next_cursor = next_cursor()


class PlayerActionSchema(CamelSchema):
    """One of a player's last actions."""

    action_id = StrictUUID(required=True)
    status = fields.String(required=True, metadata={"enum": STATUSES})
    reason = word(nullable=True)
    score = number("What it adds")
    accepted_at = moment()
    completed_at = moment(nullable=True)


class PlayerClientSchema(TracedClientSchema):
    """A client of a player's last 200 actions, and how many other players were seen there."""

    names_device = fields.Boolean(
        required=True, metadata={"description": "Whether it has named its device"}
    )
    actions = number("Of the last 200")
    last_used_at = moment()
    others_on_device = number("Other players, counted up to 1,000")
    others_on_address = number("Other players, counted up to 1,000")


class PlayerOverviewSchema(FoundPlayerSchema):
    """What moderators see of one player; of each list the last 50."""

    snoozes = fields.Dict(
        keys=fields.String(),
        values=Timestamp(),
        required=True,
        metadata={"description": "By check: until when it does not count"},
    )
    actions = fields.List(fields.Nested(PlayerActionSchema), required=True)
    acts = fields.List(fields.Nested(ActSchema), required=True)
    appeals = fields.List(fields.Nested(AppealSchema), required=True)
    clients = fields.List(fields.Nested(PlayerClientSchema), required=True)


class SnoozedSchema(CamelSchema):
    """A check that does not count for a player."""

    user_id = StrictUUID(required=True)
    check = word()
    until = moment()
