"""The OpenAPI 3.1 document, made from the table of endpoints and the schemas that validate.

Called once, at the first `GET /openapi.json`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from web.http.errors import STATUS_BY_CODE
from web.http.operation import Operation
from web.http.responses import JSON_TYPE
from web.schemas.actions import BatchElementSchema
from web.schemas.answers import ErrorSchema
from web.schemas.fields import Metadata

DESCRIPTION = (
    "Scores and leaderboards in real time. Actions are posted here and are never lost once"
    " answered with 2xx; changes of the board arrive over the WebSocket at `/ws`."
)
TAGS: Mapping[str, str] = {
    "actions": "Completing actions and reading their state",
    "leaderboard": "Ranks, scores and standings",
    "boards": "Boards with periods and segments, and players on them",
    "administration": "Boards, for those with the role `admin`",
    "moderation": "What is decided on players and actions, and the policies of fraud detection",
    "accounts": "Names, passwords and tokens",
    "realtime": "Access to the WebSocket",
    "operations": "For those who run the service",
    "documents": "Documents for people and for client generators",
}
HEADERS: Mapping[str, str] = {
    "Prefer": "RFC 7240: `respond-async` answers 202 at once, `wait=N` waits N seconds, at most 10",
    "If-Match": "The ETag of what is to be changed, as it was read; `*` for any",
    "X-Client-Fingerprint": "Names the device: 1 to 128 printable ASCII characters; stored hashed",
    "X-Laurel-Signature": "`keyId=…,timestamp=…,signature=…`: the game server's signature over this"
    " request, which vouches for its actions",
    "X-TOTP-Code": "A code of the caller's second factor, which vouches for the caller's actions",
    "If-None-Match": "The ETag of an earlier response; 304 when it is still current",
}
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


def make_openapi(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document of these endpoints; summaries are the first lines of the views."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name_schema)
    spec = APISpec(
        title="Laurel",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION},
        security=[{"bearer": []}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    plugin.map_to_openapi_type(Metadata, "object", None)  # type: ignore[no-untyped-call]  # untyped there
    spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    spec.components.schema("BatchElement", schema=BatchElementSchema)
    for operation in sorted(operations, key=lambda operation: operation.path):
        spec.path(
            path=_ARGUMENT.sub(_camel_argument, operation.path),
            operations={operation.method.lower(): _describe(operation)},
        )
    document: dict[str, Any] = spec.to_dict()
    elements = document["components"]["schemas"]["Batch"]["properties"]["actions"]
    elements["items"] = {"$ref": "#/components/schemas/BatchElement"}
    return document


def _describe(operation: Operation) -> dict[str, Any]:
    summary = (operation.view.__doc__ or "").strip().splitlines()[0]
    described: dict[str, Any] = {
        "operationId": operation.endpoint,
        "tags": [operation.tag],
        "summary": summary,
        "parameters": [*_path_parameters(operation), *_other_parameters(operation)],
        "responses": dict(_responses(operation)),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": any(field.required for field in operation.body().fields.values()),
            "content": {JSON_TYPE: {"schema": operation.body}},
        }
    if operation.is_public:
        described["security"] = [{}, {"bearer": []}] if operation.takes_token else []
    return described


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _ARGUMENT.findall(operation.path):
        is_uuid = name.endswith("_id") and name != "board_id"
        schema = {"type": "string", **({"format": "uuid"} if is_uuid else {})}
        yield {"name": _camel(name), "in": "path", "required": True, "schema": schema}


def _other_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is not None:
        yield {"in": "query", "schema": operation.query}
    for name in operation.headers:
        yield {
            "name": name,
            "in": "header",
            "description": HEADERS[name],
            "schema": {"type": "string"},
        }


def _responses(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation.answers.items():
        yield str(status), {"description": HTTPStatus(status).phrase, **_content(answer)}
    everywhere = (
        ("UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED") if operation.checks_token else ()
    )
    is_closed = operation.checks_token and not operation.for_spectators
    roles = ("FORBIDDEN",) if is_closed else ()
    limits = ("RATE_LIMIT_EXCEEDED",) if operation.is_limited else ()
    codes: dict[int, list[str]] = {}
    for code in (*operation.errors, *everywhere, *roles, *limits):
        codes.setdefault(STATUS_BY_CODE[code], []).append(f"`{code}`")
    for status, names in sorted(codes.items()):
        if status not in operation.answers:
            yield (
                str(status),
                {"description": ", ".join(dict.fromkeys(names)), **_content(ErrorSchema)},
            )


def _content(answer: type[Schema] | str) -> dict[str, Any]:
    if answer == "":
        return {}
    if isinstance(answer, str):
        return {"content": {answer: {"schema": {}}}}
    return {"content": {JSON_TYPE: {"schema": answer}}}


def _name_schema(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _camel_argument(match: re.Match[str]) -> str:
    return f"{{{_camel(match[1])}}}"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
