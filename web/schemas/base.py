"""What all schemas share: names in camelCase outside, unknown names refused, each field named."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field

from domain.errors import InvalidPayloadError


class CamelSchema(Schema):
    """A schema whose fields are called in camelCase outside, as the specification has it."""

    def on_bind_field(self, field_name: str, field_obj: "Field[Any]") -> None:
        """Give the field its outer name."""
        first, *others = field_name.split("_")
        field_obj.data_key = field_obj.data_key or first + "".join(map(str.capitalize, others))


class InputSchema(CamelSchema):
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
