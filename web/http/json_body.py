"""Reads a request's body as strict JSON (RFC 8259, and unique names as in I-JSON, RFC 7493).

Refuses what common parsers accept: NaN, duplicate names, encodings other than UTF-8, bodies
labelled as compressed, chunks, and nesting that would exhaust a stack. What a body may contain is
counted before it is parsed: no body costs more CPU than the work that it asks for.
"""

import json
from dataclasses import dataclass
from typing import Any

import orjson

from domain.errors import (
    InvalidPayloadError,
    MalformedJsonError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)

Environ = dict[str, Any]

MAX_BODY_BYTES = 16 * 1024
MAX_BATCH_BODY_BYTES = 4 * 1024 * 1024
# The metadata in a batch is 3 levels down and may have 8 levels itself.
MAX_DEPTH = 16
# A batch of 1,000 actions, each with all the 50 names that metadata may have, and some lists.
MAX_VALUES = 100_000
# From here on an integer may have been too large for the fast parser, which rounds it to a float.
LARGE_NUMBER = 2.0**63

_STRUCTURE = b"[{,"


def read_json_object(environ: Environ, *, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the body's JSON object.

    Raises UnsupportedMediaTypeError, PayloadTooLargeError, MalformedJsonError or
    InvalidPayloadError.
    """
    return parse_json_object(read_json_body(environ, max_bytes=max_bytes))


def read_optional_json_object(environ: Environ) -> dict[str, Any]:
    """Return the body, or an empty object for a request without one; raises as the others."""
    is_empty = environ.get("CONTENT_LENGTH", "") in ("", "0")
    if is_empty and "HTTP_TRANSFER_ENCODING" not in environ:
        return {}
    return read_json_object(environ)


def read_json_body(environ: Environ, *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body as it was sent, labelled as JSON.

    Raises UnsupportedMediaTypeError, PayloadTooLargeError or MalformedJsonError.
    """
    _check_media_type(environ)
    return _read_body(environ, max_bytes)


def parse_json_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of these bytes; raises MalformedJsonError or InvalidPayloadError."""
    document = parse_json(raw)
    if type(document) is not dict:
        raise InvalidPayloadError("The body must be a JSON object")
    return document


def parse_json(raw: bytes) -> Any:
    """Return the JSON value of these bytes; raises MalformedJsonError or InvalidPayloadError."""
    quotes = _count_quotes(raw)
    _check_size(raw, quotes)
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise InvalidPayloadError("The body is nested too deeply") from error
        raise MalformedJsonError from error
    if _is_plain(raw, document):
        return document
    found = _walk(document)
    if b"\\u0000" in raw and _has_nul(document):
        raise InvalidPayloadError("Strings must not contain the character U+0000")
    # Every string in the text has two quotes, so a duplicate name (the parser keeps one) shows as
    # a surplus.
    if quotes != 2 * found.strings:
        raise MalformedJsonError("The body has the same name twice in one object")
    return _parse_exactly(raw) if found.has_large_number else document


def _is_plain(raw: bytes, document: Any) -> bool:
    """Return whether the text is small and just what the parser's own writer would write.

    Then no name is there twice, no digit was lost, nothing is escaped that may hide a NUL, and
    fewer brackets than levels cannot be nested too deeply: the walk would find nothing.
    """
    return (
        b"\\" not in raw
        and raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
        and orjson.dumps(document) == raw
    )


def _count_quotes(raw: bytes) -> int:
    """Return how many quotes of the text begin or end a string."""
    quotes = raw.count(b'"')
    if b"\\" in raw:
        quotes -= raw.replace(b"\\\\", b"").count(b'\\"')
    return quotes


def _check_size(raw: bytes, quotes: int) -> None:
    """Raise InvalidPayloadError for a text with more values than MAX_VALUES.

    Each value but the first follows an opening bracket or a comma. Those within strings do not
    count, and are only told apart when there seem to be too many.
    """
    if len(raw) <= MAX_VALUES:
        return
    if quotes <= 4 * MAX_VALUES and _count_structure(raw) > MAX_VALUES:
        unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
        raw = b"".join(unescaped.split(b'"')[::2])
    if quotes > 4 * MAX_VALUES or _count_structure(raw) > MAX_VALUES:
        raise InvalidPayloadError(f"The body has more than {MAX_VALUES} values")


def _count_structure(raw: bytes) -> int:
    return sum(raw.count(character) for character in _STRUCTURE)


def _parse_exactly(raw: bytes) -> Any:
    """Parse a text that is known to be sound again, with integers of any size exact."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError("A number has too many digits") from error


def _check_media_type(environ: Environ) -> None:
    media_type = environ.get("CONTENT_TYPE", "")
    if media_type != "application/json" and not _is_json_type(media_type):
        raise UnsupportedMediaTypeError("The body must be application/json in UTF-8")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise UnsupportedMediaTypeError("Compressed bodies are not accepted")


def _is_json_type(media_type: str) -> bool:
    base, *parameters = (part.strip() for part in media_type.lower().split(";"))
    charsets = {parameter.replace('"', "") for parameter in parameters if parameter}
    return base == "application/json" and charsets <= {"charset=utf-8"}


def _read_body(environ: Environ, max_bytes: int) -> bytes:
    # The server does not tell where a chunked body broke off, and hides a Content-Length after the
    # Transfer-Encoding: with a proxy that goes by the other one, a body would end elsewhere.
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise MalformedJsonError("The body must have a Content-Length and not be chunked")
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isdecimal() and length.isascii()):
        raise MalformedJsonError("The Content-Length is not a number")
    return _read_known_length(environ, int(length), max_bytes)


def _read_known_length(environ: Environ, length: int, max_bytes: int) -> bytes:
    """Read the body straight from the server; werkzeug's stream would cost another 15 µs."""
    if length > max_bytes:
        raise PayloadTooLargeError(f"The body is larger than {max_bytes} bytes")
    raw: bytes = environ["wsgi.input"].read(length)
    if len(raw) < length:
        raise MalformedJsonError("The body ended early")
    return raw


@dataclass(slots=True)
class _Found:
    """What a document contains; `strings` counts names too."""

    strings: int = 0
    has_large_number: bool = False


def _walk(document: Any) -> _Found:
    """Return what the value contains.

    Raises InvalidPayloadError beyond MAX_DEPTH. Walks level by level: no stack grows with the
    input.
    """
    found = _Found()
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        kinds = [*map(type, level)]
        found.strings += kinds.count(str)
        if float in kinds:
            found.has_large_number = found.has_large_number or _has_large_number(level)
        below: list[Any] = []
        if dict in kinds or list in kinds:
            for value, kind in zip(level, kinds, strict=True):
                if kind is dict:
                    found.strings += len(value)
                    below.extend(value.values())
                elif kind is list:
                    below.extend(value)
        if not below:
            return found
        level = below
    raise InvalidPayloadError("The body is nested too deeply")


def _has_large_number(values: list[Any]) -> bool:
    return any(type(value) is float and abs(value) >= LARGE_NUMBER for value in values)


def _has_nul(document: Any) -> bool:
    """Return whether any string of the value has a NUL; its depth is bounded."""
    kind = type(document)
    if kind is str:
        return "\x00" in document
    if kind is dict:
        return any(map(_has_nul, document)) or any(map(_has_nul, document.values()))
    return kind is list and any(map(_has_nul, document))
