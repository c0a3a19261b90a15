"""Bodies and answers of the policies of fraud detection.

The definition is validated by `domain/fraud/policies/json_form.py`, which files pass too; here it
is described for the OpenAPI document.
"""

from marshmallow import fields, validate

from domain.fraud.policy import PolicyState
from domain.moderation.model import MAX_REASON_CHARS
from web.schemas.base import CamelSchema, InputSchema
from web.schemas.fields import Timestamp, Words

FIRST_STATES = (PolicyState.DRAFT, PolicyState.SHADOW, PolicyState.LIVE)


class CheckPolicySchema(CamelSchema):
    """What a check's score of 1.0 is worth, and the settings that it gets."""

    points = fields.Float(metadata={"description": "0 to 1000000"})
    settings = fields.Dict(keys=fields.String(), values=fields.Float())


class PolicyDefinitionSchema(CamelSchema):
    """From how many points on an action is held or rejected, and what each check is worth."""

    hold_at = fields.Float(metadata={"description": "100 by default"})
    reject_at = fields.Float(metadata={"description": "1000 by default; more than `holdAt`"})
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(CheckPolicySchema),
        metadata={"description": "By name; a check that is left out is off"},
    )


class NewPolicySchema(InputSchema):
    """A policy to be stored, and what it is used for at once."""

    definition = fields.Dict(required=True)
    state = fields.String(
        load_default=PolicyState.DRAFT.value, validate=validate.OneOf([*map(str, FIRST_STATES)])
    )
    note = Words(required=True, validate=validate.Length(max=MAX_REASON_CHARS))


class PolicyReasonSchema(InputSchema):
    """Why a policy is made live, tried or retired."""

    reason = Words(required=True, validate=validate.Length(max=MAX_REASON_CHARS))


class PolicySchema(CamelSchema):
    """A stored policy; its definition never changes."""

    policy = fields.Integer(required=True, metadata={"description": "Its number"})
    state = fields.String(required=True, metadata={"enum": [*map(str, PolicyState)]})
    definition = fields.Nested(PolicyDefinitionSchema, required=True)
    note = fields.String(required=True)
    problems = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "Why this version of the program cannot use it, by path"},
    )
    created_by = fields.String(required=True)
    created_at = Timestamp(required=True)
    live_from = Timestamp(required=True, allow_none=True)
    live_until = Timestamp(required=True, allow_none=True)


class PoliciesSchema(CamelSchema):
    """Every policy, the newest first; without a live one the default judges."""

    policies = fields.List(fields.Nested(PolicySchema), required=True)
    default = fields.Nested(PolicyDefinitionSchema, required=True)
    etag = fields.String(required=True, metadata={"description": "For `If-Match`"})
