"""The components of the OpenAPI document: schemas with words, the codes of errors, headers.

apispec makes the schemas of the classes that validate; here they are completed in place.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema

from web.http.error_words import ERROR_WORDS
from web.http.errors import STATUS_BY_CODE
from web.routes.describing.property_words import find_words

SCHEMAS = "#/components/schemas/"
ERROR_CODE: Mapping[str, Any] = {
    "type": "string",
    "description": "What went wrong, for programs. Codes are stable; there may be new ones.",
    "enum": [*STATUS_BY_CODE],
    "x-enumDescriptions": {
        code: f"{status}: {ERROR_WORDS[code].meaning}" for code, status in STATUS_BY_CODE.items()
    },
}
HEADERS: Mapping[str, Any] = {
    "ETag": {
        "description": "Names this state of the answer: for `If-None-Match` and `If-Match`",
        "schema": {"type": "string"},
        "example": '"472bb8854c148ec5c948b7a4"',
    },
    "Location": {
        "description": "Where what was made is found",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/api/actions/550e8400-e29b-41d4-a716-446655440000",
    },
    "Retry-After": {
        "description": "Seconds after which to ask again",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
}


def finish_schemas(document: dict[str, Any], classes: Mapping[str, type[Schema]]) -> None:
    """Complete the schemas of the document, which were made of these classes, in place."""
    schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
    sent = _find_sent(document)
    for name, schema in schemas.items():
        schema.setdefault("description", _first_line(classes[name]))
        for field, described in schema.get("properties", {}).items():
            words = described.get("description") or _find_words(classes[name], field)
            described["description"] = words or ""
        # Answers may have more fields in a later version; requests may not have unknown ones.
        if name not in sent:
            schema.pop("additionalProperties", None)
    schemas["ErrorCode"] = dict(ERROR_CODE)
    for name in ("ErrorBody", "BatchError"):
        description = schemas[name]["properties"]["code"]["description"]
        schemas[name]["properties"]["code"] = {
            "$ref": f"{SCHEMAS}ErrorCode",
            "description": description,
        }


def _find_words(kind: type[Schema], field: str) -> str | None:
    """Return the field's words, for a field that was inherited perhaps those of its class."""
    for each in kind.__mro__:
        name = each.__name__.removesuffix("Schema")
        if (words := find_words(name, field)) and words != find_words("", field):
            return words
    return find_words("", field)


def _first_line(kind: type[Schema]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _find_sent(document: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas that requests are made of."""
    bodies = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    found: set[str] = set()
    open_ends = [*_list_references(bodies)]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends.extend(_list_references(document["components"]["schemas"][name]))
    return found


def _list_references(node: Any) -> Iterator[str]:
    """Yield the name of each schema that is referred to from here."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(SCHEMAS)
        node = [*node.values()]
    if isinstance(node, list):
        for inner in node:
            yield from _list_references(inner)
