"""The base of all schemas: camelCase names outside, unknown names refused, errors by field."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field

from domain.errors import InvalidPayloadError


class CamelSchema(Schema):
    """A schema whose fields have camelCase names outside, as in the specification."""

    def on_bind_field(self, field_name: str, field_obj: "Field[Any]") -> None:
        """Set the field's outer name."""
        first, *others = field_name.split("_")
        field_obj.data_key = field_obj.data_key or first + "".join(map(str.capitalize, others))


class InputSchema(CamelSchema):
    """A request's body: an unknown name is an error, not ignored."""

    class Meta:
        unknown = RAISE


# What an answer repeats of a request is bounded: a body may have very many unknown names.
MAX_NAMED_FIELDS = 20
MAX_NAME_CHARS = 64


def load(schema: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body as the schema loads it; raises InvalidPayloadError naming each bad field."""
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        named = list(error.messages_dict.items())[:MAX_NAMED_FIELDS]
        fields = {str(name)[:MAX_NAME_CHARS]: _describe(problem) for name, problem in named}
        raise InvalidPayloadError(details={"fields": fields}) from error
    return loaded


def _describe(problem: Any) -> Any:
    """Return what is wrong with a field; a list's elements are named by numbers, JSON has none."""
    if isinstance(problem, Mapping):
        named = list(problem.items())[:MAX_NAMED_FIELDS]
        return {str(name)[:MAX_NAME_CHARS]: _describe(inner) for name, inner in named}
    return problem
