"""Strict marshmallow fields: the stock ones accept values that the contract does not.

`Integer` accepts "150" and 150.5, `UUID` braces and `urn:`, `AwareDateTime` a space and years that
overflow later.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from marshmallow import ValidationError, fields

from domain.moderation.model import find_words_problem
from web.http.scalars import parse_timestamp, parse_uuid

MAX_SCORE = 2**31 - 1
MAX_METADATA_BYTES = 4096
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY_CHARS = 64
MAX_METADATA_DEPTH = 8
MAX_ACTION_TYPE_CHARS = 100
_TOO_MANY_KEYS = f"More than {MAX_METADATA_KEYS} keys."
_CONTAINERS = frozenset({dict, list})

# The nil and the max UUID (RFC 9562, 5.9 and 5.10): what a program has that never set its id.
RESERVED_IDS = frozenset({UUID(int=0), UUID(int=2**128 - 1)})

# Control, format (such as bidi marks and zero-width characters), surrogate, line and paragraph.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks that nothing is seen of: grapheme joiner, fillers, Khmer inherent vowels, blank
# braille, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def find_metadata_problem(metadata: Mapping[str, Any], text: bytes) -> str | None:
    """Return what is wrong with an action's metadata, whose JSON is `text`, or None."""
    if len(text) > MAX_METADATA_BYTES:
        return f"Larger than {MAX_METADATA_BYTES} bytes as JSON."
    action_type = metadata.get("actionType", "")
    if type(action_type) is not str or len(action_type) > MAX_ACTION_TYPE_CHARS:
        return f"actionType must be a string of at most {MAX_ACTION_TYPE_CHARS} characters."
    if _has_unseen(action_type):
        return "actionType has a control, bidirectional or invisible character."
    duration = metadata.get("duration", 0)
    if type(duration) not in (int, float) or duration < 0:
        return "duration must be a number that is not negative."
    return _find_shape_problem(metadata)


def dump_metadata(metadata: Mapping[str, Any]) -> bytes:
    """Return the metadata as JSON with sorted names and integers of any size."""
    try:
        return orjson.dumps(metadata, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def _has_unseen(text: str) -> bool:
    """Return whether the text has a control, bidirectional or invisible character."""
    if text.isascii():
        return not text.isprintable()
    # Most texts are printable; what is not may be a space or a character newer than our tables.
    return _INVISIBLE.search(text) is not None or (
        not text.isprintable()
        and any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in text)
    )


def _find_key_problem(keys: Mapping[str, Any]) -> str | None:
    joined = "".join(keys)
    # Nearly always all of them together are shorter than one may be.
    if len(joined) > MAX_METADATA_KEY_CHARS and max(map(len, keys)) > MAX_METADATA_KEY_CHARS:
        return f"A key is longer than {MAX_METADATA_KEY_CHARS} characters."
    if _has_unseen(joined):
        return "A key has a control, bidirectional or invisible character."
    return None


def _find_shape_problem(metadata: Mapping[str, Any]) -> str | None:
    if metadata and not _CONTAINERS.intersection(map(type, metadata.values())):
        problem = _find_key_problem(metadata)
        return problem or (_TOO_MANY_KEYS if len(metadata) > MAX_METADATA_KEYS else None)
    keys = 0
    level: list[Any] = [metadata]
    for _ in range(MAX_METADATA_DEPTH):
        below: list[Any] = []
        for value in level:
            items = value
            if type(value) is dict:
                keys += len(value)
                if value and (problem := _find_key_problem(value)):
                    return problem
                items = value.values()
            below.extend(item for item in items if type(item) in (dict, list))
        if not below:
            return _TOO_MANY_KEYS if keys > MAX_METADATA_KEYS else None
        level = below
    return f"Nested deeper than {MAX_METADATA_DEPTH} levels."


class StrictUUID(fields.UUID):
    """A UUID in the form 8-4-4-4-12 only."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> UUID:
        parsed = parse_uuid(value)
        if parsed is None:
            raise self.make_error("invalid_uuid")
        return parsed


class ActionId(StrictUUID):
    """The id of an action: any UUID but the nil and the max one."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> UUID:
        parsed = super()._deserialize(value, attr, data, **kwargs)
        if parsed in RESERVED_IDS:
            raise ValidationError("Not an id of one action.")
        return parsed


class Timestamp(fields.AwareDateTime):
    """An RFC 3339 date and time with an offset; written in UTC with `Z`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        parsed = parse_timestamp(value)
        if parsed is None:
            raise ValidationError("Not an RFC 3339 date and time with an offset.")
        return parsed


class Words(fields.String):
    """What a person writes: not blank, and without control characters but line breaks and tabs."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        written: str = super()._deserialize(value, attr, data, **kwargs).strip()
        problem = find_words_problem(written)
        if problem is not None:
            raise ValidationError(problem)
        return written


class Metadata(fields.Field[dict[str, Any]]):
    """A small JSON object whose `actionType`, if present, is a short string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("Not a JSON object.")
        problem = find_metadata_problem(value, dump_metadata(value))
        if problem is not None:
            raise ValidationError(problem)
        return value
