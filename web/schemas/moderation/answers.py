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

    by = word("A user id, or `operator:` and a name")
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
    by = word("A user id, or `operator:` and a name")
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


class TracedClientSchema(CamelSchema):
    """From where an action came; device and address are short labels, not their hashes."""

    device = word()
    address = word()
    country = word("ISO 3166-1", nullable=True)
    is_hosting = fields.Boolean(required=True)


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


class TransitionSchema(CamelSchema):
    """A final state of an action, and the audit entry that has it."""

    status = fields.String(required=True, metadata={"enum": STATUSES})
    reason = word(nullable=True)
    previous_score = number("The score before it", nullable=True)
    new_score = number("The score with it", nullable=True)
    version = number("Which transition of the action it was, from 1")
    seq = number("Of the audit entry")
    hash = word("Of the audit entry")


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
