"""What all schemas of incoming bodies share: unknown names are refused, errors name each field."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from domain.errors import InvalidPayloadError


class InputSchema(Schema):
    """A body from outside: a name that is not in the contract is an error, not ignored."""

    class Meta:
        unknown = RAISE


def load(schema: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the schema makes of the body; raises InvalidPayloadError naming each field."""
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        raise InvalidPayloadError(details={"fields": error.messages_dict}) from error
    return loaded
