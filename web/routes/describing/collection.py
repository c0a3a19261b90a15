"""The collection for Postman and Bruno, made from the OpenAPI document.

Format: Postman 2.1. Called by `GET /collection.json`. Scripts use only what Bruno understands too.
"""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from web.http.responses import JSON_TYPE
from web.routes.describing.words import sample

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
METHODS = ("get", "post", "put", "patch", "delete")
# Pages and documents are for browsers.
LEFT_OUT = frozenset({"documents"})
PRE_REQUEST = (
    "// New ids, a time and a name for each request: an id is for one action.",
    "const makeId = () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g,",
    "  () => Math.floor(Math.random() * 16).toString(16));",
    "pm.variables.set('actionId', makeId());",
    "pm.variables.set('secondActionId', makeId());",
    "pm.variables.set('timestamp', new Date().toISOString());",
    "pm.variables.set('username', 'player-' + makeId().slice(0, 8));",
)
KEEP_TOKEN = (
    "if (pm.response.code < 300) {",
    "  pm.collectionVariables.set('token', pm.response.json().accessToken);",
    "}",
)
# Whose answers have the token that the others are sent with.
LOGINS = frozenset({"accounts.register", "accounts.login", "accounts.refresh", "accounts.spectate"})
_PLACEHOLDERS: Mapping[str, str] = {
    sample.ACTION_ID: "{{actionId}}",
    sample.SECOND_ACTION_ID: "{{secondActionId}}",
}


def make_collection(document: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the collection of the document's operations, to be sent to this server first."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                folders[operation["tags"][0]].append(_make_item(path, method, operation))
    return {
        "info": {
            "name": f"{document['info']['title']} API",
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "item": [
            {"name": tag["name"], "description": tag["description"], "item": folders[tag["name"]]}
            for tag in document["tags"]
            if tag["name"] not in LEFT_OUT
        ],
        "auth": {
            "type": "bearer",
            "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}],
        },
        "event": [_make_event("prerequest", PRE_REQUEST)],
        "variable": [
            {"key": "baseUrl", "value": base_url, "description": "The API's address"},
            {"key": "token", "value": "", "description": "The access token; a login sets it"},
        ],
    }


def _make_item(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    request = _make_request(path, method, operation)
    item: dict[str, Any] = {
        "name": operation["summary"],
        "request": request,
        "response": [*_make_answers(operation, request)],
    }
    if operation["operationId"] in LOGINS:
        item["event"] = [_make_event("test", KEEP_TOKEN)]
    return item


def _make_request(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    parameters = operation["parameters"]
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation["description"],
        "url": _make_url(path, parameters),
        "header": [
            {**_describe(parameter), "disabled": True}
            for parameter in parameters
            if parameter["in"] == "header"
        ],
    }
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    body = operation.get("requestBody")
    if body is not None:
        example = next(iter(body["content"][JSON_TYPE]["examples"].values()))["value"]
        request["header"].append({"key": "Content-Type", "value": JSON_TYPE})
        request["body"] = {
            "mode": "raw",
            "raw": _write_body(operation["operationId"], example),
            "options": {"raw": {"language": "json"}},
        }
    return request


def _make_url(path: str, parameters: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    named = re.sub(r"\{(\w+)\}", r":\1", path)
    url: dict[str, Any] = {
        "raw": f"{{{{baseUrl}}}}{named}",
        "host": ["{{baseUrl}}"],
        "path": named.strip("/").split("/"),
    }
    query = [
        {**_describe(parameter), "disabled": not parameter.get("required", False)}
        for parameter in parameters
        if parameter["in"] == "query"
    ]
    variables = [_describe(parameter) for parameter in parameters if parameter["in"] == "path"]
    return {**url, "query": query, "variable": variables}


def _describe(parameter: Mapping[str, Any]) -> dict[str, str]:
    example = parameter["example"]
    value = example if isinstance(example, str) else json.dumps(example)
    return {"key": parameter["name"], "value": value, "description": parameter["description"]}


def _write_body(operation_id: str, example: Any) -> str:
    text = json.dumps(example, indent=2, ensure_ascii=False)
    for value, placeholder in _PLACEHOLDERS.items():
        text = text.replace(value, placeholder)
    text = re.sub(r'("timestamp": )"[^"]*"', r'\1"{{timestamp}}"', text)
    if operation_id == "accounts.register":
        text = re.sub(r'("username": )"[^"]*"', r'\1"{{username}}"', text)
    return text


def _make_answers(
    operation: Mapping[str, Any], request: Mapping[str, Any]
) -> Iterable[dict[str, Any]]:
    """Yield what the operation answers when it succeeds, as saved examples."""
    for status, answer in operation["responses"].items():
        examples = answer.get("content", {}).get(JSON_TYPE, {}).get("examples", {})
        for name, example in examples.items():
            if "value" in example:
                yield {
                    "name": f"{status} {name}",
                    "originalRequest": request,
                    "status": HTTPStatus(int(status)).phrase,
                    "code": int(status),
                    "header": [{"key": "Content-Type", "value": JSON_TYPE}],
                    "body": json.dumps(example["value"], indent=2, ensure_ascii=False),
                }


def _make_event(listen: str, lines: Iterable[str]) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": [*lines]}}
