"""The OpenAPI 3.1 document, made from the table of endpoints and the schemas that validate.

Made once by each process that is asked for it; the collection is made from it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from web.http.operation import Operation
from web.routes.describing.components import HEADERS, finish_schemas
from web.routes.describing.error_examples import make_error_examples
from web.routes.describing.operation import ARGUMENT, describe
from web.routes.describing.parameters import camel, finish_query
from web.routes.describing.words.row import OperationWords
from web.routes.describing.words.table import WORDS
from web.schemas.actions import BatchElementSchema
from web.schemas.fields import Metadata

DESCRIPTION = """\
Scores and leaderboards in real time. Actions are posted here and are never lost once answered with
2xx; changes of the boards arrive over the WebSocket at `/ws`.

Bodies are JSON with names in camelCase, times are RFC 3339 in UTC, and every call needs
`Authorization: Bearer <token>` unless it says otherwise. An error is always the same envelope; its
`code` is stable, and `docUrl` leads to what the code means. Answers may get further fields."""
TAGS: Mapping[str, str] = {
    "actions": "Completing actions and reading their state",
    "leaderboard": "Ranks, scores and standings",
    "boards": "Boards with periods and segments, and players on them",
    "accounts": "Names, passwords and tokens",
    "realtime": "Access to the WebSocket",
    "moderation": "What is decided on players and actions, and the policies of fraud detection",
    "administration": "Boards, for those with the role `admin`",
    "operations": "For those who run the service",
    "documents": "Documents for people and for client generators",
}
"""In the order of use; so are the operations, those of a tag as the table of endpoints has them."""
BEARER: Mapping[str, str] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of `POST /api/auth/register` or `/login`, a token of another"
    " identity provider, or an API key (`lrl_…`) of a game server",
}
# A guard misses what has none; the document is there nevertheless.
NO_WORDS = OperationWords(description="")
SERVERS = [{"url": "/", "description": "This host"}]


def make_openapi(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document of these endpoints; summaries are the first lines of the views."""
    classes: dict[str, type[Schema]] = {}

    def name_schema(schema: type[Schema] | Schema) -> str:
        kind = schema if isinstance(schema, type) else type(schema)
        name = kind.__name__.removesuffix("Schema")
        if classes.setdefault(name, kind) is not kind:
            raise LookupError(f"two schemas are named {name}")
        return name

    plugin = MarshmallowPlugin(schema_name_resolver=name_schema)
    spec = APISpec(
        title="Laurel",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": re.sub(r"(?<!\n)\n(?!\n)", " ", DESCRIPTION)},
        servers=SERVERS,
        security=[{"bearer": []}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    plugin.map_to_openapi_type(Metadata, "object", None)  # type: ignore[no-untyped-call]  # untyped there
    spec.components.security_scheme("bearer", dict(BEARER))
    spec.components.schema(name_schema(BatchElementSchema), schema=BatchElementSchema)
    order = [*TAGS]
    for operation in sorted(operations, key=lambda operation: order.index(operation.tag)):
        spec.path(
            path=ARGUMENT.sub(lambda match: f"{{{camel(match[1])}}}", operation.path),
            operations={
                operation.method.lower(): describe(
                    operation, WORDS.get(operation.endpoint, NO_WORDS)
                )
            },
        )
    document: dict[str, Any] = spec.to_dict()
    _finish(document, classes)
    return document


def _finish(document: dict[str, Any], classes: Mapping[str, type[Schema]]) -> None:
    components = document["components"]
    elements = components["schemas"]["Batch"]["properties"]["actions"]
    elements["items"] = {"$ref": "#/components/schemas/BatchElement"}
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "query":
                    finish_query(parameter)
    components["headers"] = dict(HEADERS)
    components["examples"] = make_error_examples()
    finish_schemas(document, classes)
