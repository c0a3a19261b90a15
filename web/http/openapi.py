"""The OpenAPI 3.1 document, made from the routes and from the schemas that validate.

Called once, at the first `GET /openapi.json`.
"""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from web.access.middleware import PUBLIC_ENDPOINTS
from web.http.errors import STATUS_BY_CODE
from web.http.operations import OPERATIONS, Operation
from web.schemas.actions import BatchElementSchema
from web.schemas.answers import ErrorSchema
from web.schemas.fields import Metadata

JSON = "application/json"
DESCRIPTION = (
    "Scores and leaderboards in real time. Actions are posted here and are never lost once"
    " answered with 2xx; changes of the board are heard over the WebSocket at `/ws`."
)
TAGS: Mapping[str, str] = {
    "actions": "Completing actions and what became of them",
    "leaderboard": "Who stands where",
    "accounts": "Names, passwords and tokens",
    "realtime": "The way to the sockets",
    "operations": "For those who run the service",
    "documents": "For people and for generators of clients",
}
HEADERS: Mapping[str, str] = {
    "Prefer": "RFC 7240: `respond-async` answers 202 at once, `wait=N` waits N seconds, at most 10",
    "If-None-Match": "The ETag of an earlier answer; 304 when it still holds",
}
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


def make_openapi(app: Flask) -> dict[str, Any]:
    """Return the document of this application's routes.

    Raises KeyError for an endpoint that `web/http/operations.py` does not describe.
    """
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
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        spec.path(
            path=_ARGUMENT.sub(_camel_argument, rule.rule),
            operations={method.lower(): _describe(app, rule) for method in _methods(rule)},
        )
    document: dict[str, Any] = spec.to_dict()
    elements = document["components"]["schemas"]["Batch"]["properties"]["actions"]
    elements["items"] = {"$ref": "#/components/schemas/BatchElement"}
    return document


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def _describe(app: Flask, rule: Rule) -> dict[str, Any]:
    operation = OPERATIONS[rule.endpoint]
    summary = (app.view_functions[rule.endpoint].__doc__ or "").strip().splitlines()[0]
    described: dict[str, Any] = {
        "operationId": rule.endpoint,
        "tags": [operation.tag],
        "summary": summary,
        "parameters": [*_path_parameters(rule), *_other_parameters(operation)],
        "responses": dict(_responses(operation, is_public=rule.endpoint in PUBLIC_ENDPOINTS)),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": operation.body}},
        }
    if rule.endpoint in PUBLIC_ENDPOINTS:
        described["security"] = []
    return described


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        schema = {"type": "string", **({"format": "uuid"} if name.endswith("_id") else {})}
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


def _responses(operation: Operation, *, is_public: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation.answers.items():
        yield str(status), {"description": HTTPStatus(status).phrase, **_content(answer)}
    everywhere = () if is_public else ("UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED")
    limits = () if operation.tag in ("operations", "documents") else ("RATE_LIMIT_EXCEEDED",)
    codes: dict[int, list[str]] = {}
    for code in (*operation.errors, *everywhere, *limits):
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
    return {"content": {JSON: {"schema": answer}}}


def _name_schema(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _camel_argument(match: re.Match[str]) -> str:
    return f"{{{_camel(match[1])}}}"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
