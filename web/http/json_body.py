"""Reads a request's body as strict JSON (RFC 8259, and unique names as in I-JSON, RFC 7493).

Refuses what common parsers accept: NaN, duplicate names, encodings other than UTF-8, bodies
labelled as compressed, and nesting that would exhaust a stack.
"""

import json
from typing import Any

import orjson
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

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

_JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8"})


def read_json_object(environ: Environ, *, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the body's JSON object.

    Raises UnsupportedMediaTypeError, PayloadTooLargeError, MalformedJsonError or
    InvalidPayloadError.
    """
    _check_media_type(environ)
    document = parse_json(_read_body(environ, max_bytes))
    if type(document) is not dict:
        raise InvalidPayloadError("The body must be a JSON object")
    return document


def parse_json(raw: bytes) -> Any:
    """Return the JSON value of these bytes; raises MalformedJsonError or InvalidPayloadError."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise InvalidPayloadError("The body is nested too deeply") from error
        raise MalformedJsonError from error
    strings, has_nul = _walk(document)
    if has_nul:
        raise InvalidPayloadError("Strings must not contain the character U+0000")
    # Without escapes every string in the text has two quotes, so a duplicate name (the parser
    # keeps one) shows as a surplus. Texts with escapes are parsed again, name by name.
    if b"\\" in raw:
        json.loads(raw, object_pairs_hook=_refuse_duplicates)
    elif raw.count(b'"') != 2 * strings:
        raise MalformedJsonError("The body has the same name twice in one object")
    return document


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
    length = environ.get("CONTENT_LENGTH", "")
    if length and "HTTP_TRANSFER_ENCODING" in environ:
        raise MalformedJsonError("A body has a Content-Length or is chunked, not both")
    if length.isdecimal() and length.isascii():
        return _read_known_length(environ, int(length), max_bytes)
    # A chunked body does not state its length: one byte more than allowed is too much.
    try:
        raw = get_input_stream(environ).read(max_bytes + 1)
    except ClientDisconnected as error:
        raise MalformedJsonError("The body ended early") from error
    if len(raw) > max_bytes:
        raise PayloadTooLargeError(f"The body is larger than {max_bytes} bytes")
    return raw


def _read_known_length(environ: Environ, length: int, max_bytes: int) -> bytes:
    """Read the body straight from the server; werkzeug's stream would cost another 15 µs."""
    if length > max_bytes:
        raise PayloadTooLargeError(f"The body is larger than {max_bytes} bytes")
    raw: bytes = environ["wsgi.input"].read(length)
    if len(raw) < length:
        raise MalformedJsonError("The body ended early")
    return raw


def _walk(document: Any) -> tuple[int, bool]:
    """Return how many strings (names included) the value holds and whether one has a NUL.

    Raises InvalidPayloadError beyond MAX_DEPTH. Walks level by level: no stack grows with the
    input.
    """
    strings, has_nul = 0, False
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is dict:
                strings += len(value)
                has_nul = has_nul or any("\x00" in name for name in value)
                below.extend(value.values())
            elif kind is list:
                below.extend(value)
            elif kind is str:
                strings += 1
                has_nul = has_nul or "\x00" in value
        if not below:
            return strings, has_nul
        level = below
    raise InvalidPayloadError("The body is nested too deeply")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise MalformedJsonError("The body has the same name twice in one object")
    return names
