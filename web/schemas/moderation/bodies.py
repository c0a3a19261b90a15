"""Bodies and queries of moderators, and of players who appeal."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from domain.accounts.names import MAX_LENGTH as MAX_NAME_CHARS
from domain.moderation.deciding import Decision
from domain.moderation.model import MAX_REASON_CHARS, BanReason, CaseState
from web.schemas.base import InputSchema
from web.schemas.cursors import parse_case_cursor, parse_name_cursor
from web.schemas.fields import StrictUUID, Timestamp, Words
from web.schemas.queries import QueryInteger, QuerySchema

MAX_MESSAGE_CHARS = 1000
DECISIONS = [decision.value for decision in Decision]


def reason() -> Words:
    """Return the field in which a moderator says why."""
    return Words(
        required=True,
        validate=validate.Length(max=MAX_REASON_CHARS),
        metadata={"description": "Why; for moderators, never shown to the player"},
    )


class FutureTime(Timestamp):
    """A time that is not over."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **kwargs)
        if moment <= datetime.now(UTC):
            raise ValidationError("Must be in the future.")
        return moment


class AppealBodySchema(InputSchema):
    """What a player says against a decision on an action."""

    message = Words(required=True, validate=validate.Length(max=MAX_MESSAGE_CHARS))


class DecisionBodySchema(InputSchema):
    """What a moderator decides of an action."""

    decision = fields.String(required=True, validate=validate.OneOf(DECISIONS))
    reason = reason()


class BanBodySchema(InputSchema):
    """Why a player is banned, and until when."""

    until = FutureTime(
        load_default=None, allow_none=True, metadata={"description": "null or absent: for good"}
    )
    reason = fields.String(
        required=True,
        validate=validate.OneOf([reason.value for reason in BanReason]),
        metadata={"description": "Public: the player is told"},
    )
    note = Words(
        load_default="",
        validate=validate.Length(max=MAX_REASON_CHARS),
        metadata={"description": "For moderators, never shown to the player"},
    )


class SnoozeBodySchema(InputSchema):
    """Which check does not count for a player, and until when."""

    check = fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "Its name"}
    )
    until = FutureTime(required=True)
    reason = reason()


class ReasonBodySchema(InputSchema):
    """Why something is closed or ended."""

    reason = reason()


class QueryText(fields.String):
    """A text of the URL without control characters."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
            raise ValidationError("Has a control character.")
        return text


class CaseCursor(fields.String):
    """Where a page of cases begins: `nextCursor` of the page before."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        place = parse_case_cursor(value)
        if place is None:
            raise ValidationError("Not a cursor of ours.")
        return place


class NameCursor(fields.String):
    """Where a page of names begins: `nextCursor` of the page before."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        name = parse_name_cursor(value)
        if name is None:
            raise ValidationError("Not a cursor of ours.")
        return name


class CasesQuery(QuerySchema):
    """Which cases to list."""

    state = fields.String(
        load_default=CaseState.OPEN.value,
        validate=validate.OneOf([state.value for state in CaseState]),
    )
    user = StrictUUID(load_default=None, metadata={"description": "Of this player"})
    reason = QueryText(
        load_default=None,
        validate=validate.Length(1, 40),
        metadata={"description": "With an action that is held for this reason"},
    )
    claimed = fields.String(load_default=None, validate=validate.OneOf(["mine", "others", "none"]))
    cursor = CaseCursor(
        load_default=None, metadata={"description": "`nextCursor` of the page before"}
    )
    limit = QueryInteger(load_default=20, validate=validate.Range(1, 100))


class NamesQuery(QuerySchema):
    """Which players to list."""

    name = QueryText(
        required=True,
        validate=validate.Length(1, MAX_NAME_CHARS),
        metadata={"description": "How the name begins, or a name that looks like it"},
    )
    cursor = NameCursor(
        load_default=None, metadata={"description": "`nextCursor` of the page before"}
    )
    limit = QueryInteger(load_default=20, validate=validate.Range(1, 100))
