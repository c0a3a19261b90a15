"""Answers to moderators, for the OpenAPI document; a test checks real answers against them."""

from marshmallow import fields, validate

from domain.moderation.model import ActKind, AppealState, CaseState
from web.schemas.answers import STATUSES, number
from web.schemas.base import CamelSchema
from web.schemas.fields import StrictUUID, Timestamp


def word(description: str = "", *, nullable: bool = False) -> fields.String:
    """Return a required text."""
    return fields.String(required=True, allow_none=nullable, metadata={"description": description})


def moment(description: str = "", *, nullable: bool = False) -> Timestamp:
    """Return a required time."""
    return Timestamp(required=True, allow_none=nullable, metadata={"description": description})


def next_cursor() -> fields.String:
    """Return the field that continues a list."""
    return word("null on the last page", nullable=True)


class CaseClaimSchema(CamelSchema):
    """Who decides in a case now."""

    by = word("A user id")
    username = word(nullable=True)
    until = moment()
    is_mine = fields.Boolean(required=True)


class CaseSchema(CamelSchema):
    """What is to be decided of one player."""

    case_id = StrictUUID(required=True)
    user_id = StrictUUID(required=True)
    username = word()
    state = fields.String(required=True, validate=validate.OneOf([*map(str, CaseState)]))
    opened_at = moment()
    last_signal_at = moment("When an action was held last, or an appeal came")
    closed_at = moment(nullable=True)
    held_actions = number("Held now, counted up to 1,000")
    held_score = number("What they are worth together")
    reasons = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many are held for which reason"},
    )
    open_appeals = number("That wait for an answer")
    claim = fields.Nested(CaseClaimSchema, required=True, allow_none=True)


class CasesSchema(CamelSchema):
    """One page of cases."""

    cases = fields.List(fields.Nested(CaseSchema), required=True)
    next_cursor = next_cursor()


class HeldActionSchema(CamelSchema):
    """An action that waits for a decision."""

    action_id = StrictUUID(required=True)
    score = number("What it would add")
    reason = word("Public: the player sees it", nullable=True)
    action_type = word(nullable=True)
    timestamp = moment("By the client's clock", nullable=True)
    accepted_at = moment()
    checks = fields.Dict(
        required=True, allow_none=True, metadata={"description": "What the checks have found"}
    )
    policy_no = number("By which it was judged", nullable=True)


class AppealSchema(CamelSchema):
    """What a player says against a decision."""

    action_id = StrictUUID(required=True)
    message = word()
    at = moment()
    state = fields.String(required=True, validate=validate.OneOf([*map(str, AppealState)]))
    decided_at = moment(nullable=True)


class ActSchema(CamelSchema):
    """What a moderator did, and the audit entry of it."""

    act_id = StrictUUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([*map(str, ActKind)]))
    by = word("A user id, `operator:` and a name, or `keeper` when a ban's time is over")
    user_id = StrictUUID(required=True, allow_none=True)
    action_id = StrictUUID(required=True, allow_none=True)
    case_id = StrictUUID(required=True, allow_none=True)
    reason = word()
    details = fields.Dict(required=True, allow_none=True)
    at = moment()
    seq = number("Of the audit entry", nullable=True)
    hash = word("Of the audit entry", nullable=True)


class CaseDetailsSchema(CaseSchema):
    """A case with what a moderator decides by; of each list the last 200."""

    held = fields.List(fields.Nested(HeldActionSchema), required=True)
    appeals = fields.List(fields.Nested(AppealSchema), required=True)
    acts = fields.List(fields.Nested(ActSchema), required=True)


class ClaimedSchema(CamelSchema):
    """A claim that was taken or renewed."""

    case_id = StrictUUID(required=True)
    by = word()
    until = moment()


class DecidedSchema(CamelSchema):
    """A decision that was taken."""

    action_id = StrictUUID(required=True)
    decision = word()
    status = fields.String(
        required=True, metadata={"enum": STATUSES, "description": "`pending` with a 202"}
    )


class AppealedSchema(CamelSchema):
    """An appeal that was taken."""

    action_id = StrictUUID(required=True)
    at = moment()
    state = fields.String(required=True, validate=validate.OneOf([*map(str, AppealState)]))
