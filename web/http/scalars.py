"""Strict readers of single values: a UUID and a timestamp, each in one form only.

Used by the schemas' fields, by paths and by the claims of access tokens.
"""

import re
from datetime import UTC, datetime
from uuid import UUID

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.ASCII,
)


def parse_uuid(value: object) -> UUID | None:
    """Return the UUID written as 8-4-4-4-12 hexadecimal digits (either case), or None."""
    if type(value) is str and len(value) == 36 and _UUID.fullmatch(value):
        return UUID(value)
    return None


def parse_timestamp(value: object) -> datetime | None:
    """Return an RFC 3339 timestamp with an offset as UTC, or None; leap seconds are refused."""
    if type(value) is not str or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
