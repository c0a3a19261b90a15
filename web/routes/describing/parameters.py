"""The parameters of operations: ids in the path, the query, and headers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from web.http.operation import Operation
from web.routes.describing.words.sample import PARAMETERS

# The query of a search has a `name` too.
ASSET = "docs.css"
HEADERS: Mapping[str, str] = {
    "Prefer": "RFC 7240: `respond-async` answers 202 at once, `wait=N` waits N seconds, at most 10",
    "If-Match": "The ETag of what is to be changed, as it was read; `*` for any",
    "X-Client-Fingerprint": "Names the device: 1 to 128 printable ASCII characters; stored hashed",
    "X-Laurel-Signature": "`keyId=…,timestamp=…,signature=…`: the game server's signature over this"
    " request, which vouches for its actions",
    "X-TOTP-Code": "A code of the caller's second factor, which vouches for the caller's actions",
    "If-None-Match": "The ETag of an earlier response; 304 when it is still current",
}
PATH: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "actionId": ("The action's id, as its client made it", {"type": "string", "format": "uuid"}),
    "boardId": ("The board's id", {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"}),
    "caseId": ("The case's id", {"type": "string", "format": "uuid"}),
    "check": ("The name of a check of fraud detection", {"type": "string"}),
    "name": ("The asset's path", {"type": "string"}),
    "policyNo": ("The policy's number", {"type": "integer", "minimum": 1}),
    "sessionId": ("The play session's id", {"type": "string", "format": "uuid"}),
    "userId": ("The player's id", {"type": "string", "format": "uuid"}),
}
"""What each argument of a path is, and its schema."""
UNKNOWN: tuple[str, Mapping[str, Any]] = ("", {"type": "string"})
QUERY: Mapping[str, str] = {
    "board": "The board's id",
    "claimed": "By whom: `mine`, `others` or `none`; without it, all",
    "limit": "How many at most",
    "neighbors": "How many rows above and below",
    "score": "The score to rank, with decimals where the board has them",
    "state": "`open` or `closed` ones",
}
"""What parameters of the query are whose schemas do not say it."""


def describe_parameters(operation: Operation, arguments: Iterable[str]) -> list[dict[str, Any]]:
    """Return the parameters of the operation whose path has these arguments."""
    named = [*_in_path(arguments), *_in_headers(operation)]
    query = [] if operation.query is None else [{"in": "query", "schema": operation.query}]
    return [*named, *query]


def finish_query(parameter: dict[str, Any]) -> None:
    """Complete a parameter of the query in place: its words, an example, and no null.

    apispec has made it of a field; in a URL null cannot be written.
    """
    schema, name = parameter["schema"], parameter["name"]
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    if schema.get("default", ...) in (None, []):
        del schema["default"]
    parameter.setdefault("description", QUERY.get(name))
    # The same name may be one of several words.
    is_choice = "enum" in schema or "default" in schema
    example = schema.get("default", (schema.get("enum") or [None])[0])
    parameter["example"] = example if is_choice else PARAMETERS.get(name)


def camel(name: str) -> str:
    """Return a name as it is written in JSON and in paths."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _in_path(arguments: Iterable[str]) -> Iterator[dict[str, Any]]:
    for argument in arguments:
        name = camel(argument)
        description, schema = PATH.get(name, UNKNOWN)
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": dict(schema),
            "example": ASSET if name == "name" else PARAMETERS.get(name),
        }


def _in_headers(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in operation.headers:
        yield {
            "name": name,
            "in": "header",
            "description": HEADERS.get(name, ""),
            "schema": {"type": "string"},
            "example": PARAMETERS.get(name),
        }
