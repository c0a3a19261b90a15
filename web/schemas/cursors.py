"""Pagination cursors: opaque to clients; an action, an archived one, a case or a name is inside."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import UTC, datetime, timedelta
from uuid import UUID

_FORM = re.compile(rb"a([0-9]{1,18})")
_ARCHIVE_FORM = re.compile(rb"m([a-z0-9_]{1,63}):([0-9]{1,18})")
_CASE_FORM = re.compile(rb"c([0-9]{1,16})\.([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_cursor(before_no: int) -> str:
    """Return the cursor of the page that begins before this action number."""
    return _encode(b"a%d" % before_no)


def parse_cursor(cursor: str) -> int | None:
    """Return the action number of a cursor, or None when it is not one that we made."""
    match = _FORM.fullmatch(_decode(cursor))
    return int(match[1]) if match and write_cursor(int(match[1])) == cursor else None


def write_archive_cursor(partition: str, before_no: int) -> str:
    """Return the cursor of the page that begins in an archived month, before this number."""
    return _encode(f"m{partition}:{before_no}".encode())


def parse_archive_cursor(cursor: str) -> tuple[str, int] | None:
    """Return the partition and the number of a cursor, or None when it is not one that we made."""
    match = _ARCHIVE_FORM.fullmatch(_decode(cursor))
    if match is None:
        return None
    place = match[1].decode(), int(match[2])
    return place if write_archive_cursor(*place) == cursor else None


def write_case_cursor(last_signal_at: datetime, case_id: UUID) -> str:
    """Return the cursor of the page of cases that begins behind this one."""
    micros = (last_signal_at - _EPOCH) // timedelta(microseconds=1)
    return _encode(b"c%d.%b" % (micros, case_id.hex.encode()))


def parse_case_cursor(cursor: str) -> tuple[datetime, UUID] | None:
    """Return the last signal and id of a case, or None when it is not a cursor that we made."""
    match = _CASE_FORM.fullmatch(_decode(cursor))
    if match is None:
        return None
    place = (_EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2].decode()))
    return place if write_case_cursor(*place) == cursor else None


def write_name_cursor(after: str) -> str:
    """Return the cursor of the page of names that begins behind this one."""
    return _encode(b"n" + after.encode())


def parse_name_cursor(cursor: str) -> str | None:
    """Return the name of a cursor, or None when it is not one that we made."""
    raw = _decode(cursor)
    try:
        name = raw[1:].decode()
    except UnicodeDecodeError:
        return None
    is_ours = raw[:1] == b"n" and "\0" not in name and write_name_cursor(name) == cursor
    return name if is_ours else None


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(cursor: str) -> bytes:
    """Return what is in a cursor; nothing when it is not base64."""
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        return b""
