"""Answers about one action: why it is what it is, and from where it came."""

from marshmallow import fields

from web.schemas.answers import STATUSES, number
from web.schemas.base import CamelSchema
from web.schemas.fields import StrictUUID
from web.schemas.moderation.answers import ActSchema, AppealSchema, moment, word


class TracedClientSchema(CamelSchema):
    """From where an action came; device and address are short labels, not their hashes."""

    device = word()
    address = word()
    country = word("ISO 3166-1", nullable=True)
    is_hosting = fields.Boolean(required=True)


class TransitionSchema(CamelSchema):
    """A final state of an action, and the audit entry that has it."""

    status = fields.String(required=True, metadata={"enum": STATUSES})
    reason = word(nullable=True)
    previous_score = number("The score before it", nullable=True)
    new_score = number("The score with it", nullable=True)
    version = number("Which transition of the action it was, from 1")
    seq = number("Of the audit entry")
    hash = word("Of the audit entry")


class ThresholdsSchema(CamelSchema):
    """From how many points on the policy that judged holds and rejects."""

    hold_at = fields.Float(required=True)
    reject_at = fields.Float(required=True)


class TraceSchema(CamelSchema):
    """Why an action is what it is; of an archived one what the database still has."""

    action_id = StrictUUID(required=True)
    user_id = StrictUUID(required=True)
    username = word()
    is_archived = fields.Boolean(
        required=True,
        metadata={"description": "Its row is in an archive: what only that has is null here"},
    )
    status = fields.String(required=True, allow_none=True, metadata={"enum": [*STATUSES, None]})
    reason = word("Public: the player sees it", nullable=True)
    score = number("What it adds", nullable=True)
    action_type = word(nullable=True)
    timestamp = moment("By the client's clock", nullable=True)
    metadata = fields.Dict(required=True, allow_none=True)
    accepted_at = moment()
    completed_at = moment(nullable=True)
    previous_score = number("The score before it", nullable=True)
    new_score = number("The score with it", nullable=True)
    verdict = word("Of the screening, or of the last decision", nullable=True)
    verdict_reason = word(nullable=True)
    policy_no = number("By which it was judged", nullable=True)
    thresholds = fields.Nested(
        ThresholdsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null before the screening"},
    )
    step_up = word("What vouched for it: `none`, `totp` or `signature`", nullable=True)
    client = fields.Nested(TracedClientSchema, required=True, allow_none=True)
    checks = fields.List(
        fields.Dict(),
        required=True,
        metadata={
            "description": "Each `check` with its `outcome`: `pass`, `found`, or `off` when the"
            " policy is without it. With `found` come its `score`, `points`, `reason`, what it has"
            " `seen`, its `version`, and `snoozed` or `shadow` when it did not count. None before"
            " the screening"
        },
    )
    decisions = fields.List(fields.Nested(ActSchema), required=True)
    appeal = fields.Nested(AppealSchema, required=True, allow_none=True)
    transitions = fields.List(
        fields.Nested(TransitionSchema),
        required=True,
        metadata={"description": "Those whose audit entries are known by the action's batches"},
    )
