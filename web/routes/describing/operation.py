"""One operation of the OpenAPI document: its words, parameters, body and answers."""

import re
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from web.http.error_words import ERROR_WORDS
from web.http.errors import STATUS_BY_CODE
from web.http.operation import Operation
from web.http.responses import JSON_TYPE
from web.routes.describing.parameters import describe_parameters
from web.routes.describing.words.row import Examples, OperationWords
from web.schemas.answers import ErrorSchema

NO_CONTENT = {204: "Done; without a body.", 304: "It has not changed; without a body."}
ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
TOKEN_ERRORS = ("UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED")
# Any operation may fail so.
UNFORESEEN = ("INTERNAL_ERROR",)


def describe(operation: Operation, words: OperationWords) -> dict[str, Any]:
    """Return the operation as the document has it; its summary is its view's first line."""
    summary = (operation.view.__doc__ or "").strip().splitlines()[0]
    described: dict[str, Any] = {
        "operationId": operation.endpoint,
        "tags": [operation.tag],
        "summary": summary.removesuffix("."),
        "description": words.description,
        "parameters": describe_parameters(operation, ARGUMENT.findall(operation.path)),
        "responses": dict(sorted({**_errors(operation), **_answers(operation, words)}.items())),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": any(field.required for field in operation.body().fields.values()),
            "content": {JSON_TYPE: _content(operation.body, words.request)},
        }
    if operation.role is not None:
        described["description"] += f" Needs the role `{operation.role}`."
    if operation.is_public:
        described["security"] = [{}, {"bearer": []}] if operation.takes_token else []
    return described


def list_codes(operation: Operation) -> dict[int, list[str]]:
    """Return by status the codes of the errors that the operation may answer."""
    everywhere = TOKEN_ERRORS if operation.checks_token else ()
    is_closed = operation.checks_token and not operation.for_spectators
    roles = ("FORBIDDEN",) if is_closed else ()
    limits = ("RATE_LIMIT_EXCEEDED",) if operation.is_limited else ()
    codes: dict[int, list[str]] = {}
    # Each code once.
    for code in dict.fromkeys((*operation.errors, *everywhere, *roles, *limits, *UNFORESEEN)):
        codes.setdefault(STATUS_BY_CODE[code], []).append(code)
    return dict(sorted(codes.items()))


def _answers(operation: Operation, words: OperationWords) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        described: dict[str, Any] = {"description": _describe_answer(status, answer)}
        names = [*words.headers.get(status, ())]
        if "If-None-Match" in operation.headers:
            names.append("ETag")
        if names:
            described["headers"] = _refer_to_headers([*dict.fromkeys(names)])
        if isinstance(answer, str) and answer:
            kind = "object" if answer == JSON_TYPE else "string"
            described["content"] = {answer: {"schema": {"type": kind}}}
        elif answer:
            described["content"] = {JSON_TYPE: _content(answer, words.answers.get(status, {}))}
        answers[str(status)] = described
    return answers


def _describe_answer(status: int, answer: type[Schema] | str) -> str:
    if isinstance(answer, str):
        return NO_CONTENT.get(status, HTTPStatus(status).phrase)
    return (answer.__doc__ or "").strip().splitlines()[0]


def _errors(operation: Operation) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for status, codes in list_codes(operation).items():
        described: dict[str, Any] = {
            "description": "\n\n".join(f"`{code}`: {ERROR_WORDS[code].meaning}." for code in codes),
            "content": {
                JSON_TYPE: {
                    "schema": ErrorSchema,
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
                }
            },
            "x-error-codes": codes,
        }
        if status in (429, 503):
            described["headers"] = _refer_to_headers(["Retry-After"])
        errors[str(status)] = described
    return errors


def _content(schema: type[Schema], examples: Examples) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": schema, "examples": named} if named else {"schema": schema}


def _refer_to_headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
