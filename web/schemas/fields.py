"""Strict marshmallow fields: the stock ones accept values that the contract does not.

`Integer` accepts "150" and 150.5, `UUID` braces and `urn:`, `AwareDateTime` a space and years that
overflow later.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from marshmallow import ValidationError, fields

from web.http.scalars import parse_timestamp, parse_uuid

MAX_METADATA_BYTES = 4096
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY_CHARS = 64
MAX_METADATA_DEPTH = 8
MAX_ACTION_TYPE_CHARS = 100


def find_metadata_problem(metadata: Mapping[str, Any], text: bytes) -> str | None:
    """Return what is wrong with an action's metadata, whose JSON is `text`, or None."""
    if len(text) > MAX_METADATA_BYTES:
        return f"Larger than {MAX_METADATA_BYTES} bytes as JSON."
    action_type = metadata.get("actionType", "")
    if type(action_type) is not str or len(action_type) > MAX_ACTION_TYPE_CHARS:
        return f"actionType must be a string of at most {MAX_ACTION_TYPE_CHARS} characters."
    return _find_shape_problem(metadata)


def _find_shape_problem(metadata: Mapping[str, Any]) -> str | None:
    keys = 0
    level: list[Any] = [metadata]
    for _ in range(MAX_METADATA_DEPTH):
        below: list[Any] = []
        for value in level:
            if type(value) is dict:
                keys += len(value)
                if value and len(max(value, key=len)) > MAX_METADATA_KEY_CHARS:
                    return f"A key is longer than {MAX_METADATA_KEY_CHARS} characters."
                below.extend(item for item in value.values() if type(item) in (dict, list))
            else:
                below.extend(item for item in value if type(item) in (dict, list))
        if not below:
            return f"More than {MAX_METADATA_KEYS} keys." if keys > MAX_METADATA_KEYS else None
        level = below
    return f"Nested deeper than {MAX_METADATA_DEPTH} levels."


class StrictUUID(fields.UUID):
    """A UUID in the form 8-4-4-4-12 only."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> UUID:
        parsed = parse_uuid(value)
        if parsed is None:
            raise self.make_error("invalid_uuid")
        return parsed


class Timestamp(fields.AwareDateTime):
    """An RFC 3339 date and time with an offset; written in UTC with `Z`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        parsed = parse_timestamp(value)
        if parsed is None:
            raise ValidationError("Not an RFC 3339 date and time with an offset.")
        return parsed


class Metadata(fields.Field[dict[str, Any]]):
    """A small JSON object whose `actionType`, if present, is a short string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("Not a JSON object.")
        problem = find_metadata_problem(value, orjson.dumps(value))
        if problem is not None:
            raise ValidationError(problem)
        return value
