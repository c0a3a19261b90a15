"""The OpenAPI document as tests hold real answers against it, and the client that does.

Every answer in JSON that a test of this folder gets from the application's test client must be one
that the document says the operation gives: its status, its fields, for an error its code. Every
body that was accepted must be one that it takes.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from web.routes.describing.openapi import make_openapi
from web.routes.table import OPERATIONS
from web.server.flask_app import Api

# What is answered before an operation is found.
OUTSIDE = frozenset({"NOT_FOUND", "METHOD_NOT_ALLOWED"})
# Takes a body whose elements are not sound, and says which.
LENIENT = frozenset({"actions.batch"})
TOLD_HEADERS = ("Location", "ETag", "Retry-After")


class DescribedClient(FlaskClient):
    """A test client that fails on an answer that the document does not have."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Return the answer after it was compared with the document."""
        answer = super().open(*args, **kwargs)
        if answer.request.method not in ("OPTIONS", "HEAD"):
            endpoint = find_endpoint(self.application, answer)
            assert_described(answer, endpoint)
            assert_takes(kwargs.get("json"), answer, endpoint)
        return answer


def find_endpoint(app: Any, answer: TestResponse) -> str | None:
    """Return the `operationId` of what has answered, or None where no operation is."""
    try:
        matched: tuple[str, Any] = app.url_map.bind("").match(
            answer.request.path, method=answer.request.method
        )
    except HTTPException:
        return None
    return matched[0]


def assert_described(answer: TestResponse, endpoint: str | None) -> None:
    """Check status, body and headers of an answer of this operation.

    A browser is shown the errors of pages as pages, which have a test of their own.
    """
    if answer.status_code >= 400 and answer.mimetype == "text/html":
        return
    if endpoint is None:
        assert answer.get_json()["error"]["code"] in OUTSIDE
        return
    described = list_operations()[endpoint]["responses"].get(str(answer.status_code))
    assert described, f"{endpoint} is not said to answer {answer.status_code}: {answer.text[:200]}"
    for name in TOLD_HEADERS:
        if name in answer.headers and answer.status_code < 400:
            assert name in described.get("headers", {}), f"{endpoint} is not said to send {name}"
    content = described.get("content", {})
    if "application/json" not in content:
        assert content or not answer.data, f"{endpoint} is said to answer without a body"
        return
    body = answer.get_json()
    validator(endpoint, answer.status_code).validate(body)
    if answer.status_code >= 400:
        assert body["error"]["code"] in described["x-error-codes"], (endpoint, body)


def assert_takes(body: Any, answer: TestResponse, endpoint: str | None) -> None:
    """Check that a body that was accepted is one that the document says the operation takes."""
    if body is None or endpoint is None or answer.status_code >= 300 or endpoint in LENIENT:
        return
    described = list_operations()[endpoint].get("requestBody")
    if described:
        make_validator(described["content"]["application/json"]["schema"]).validate(body)


@cache
def read_document() -> dict[str, Any]:
    """Return the document with closed answers: what it does not name must not be there."""
    document = deepcopy(make_openapi(OPERATIONS))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


@cache
def list_operations() -> Mapping[str, Mapping[str, Any]]:
    """Return the operations by their ids."""
    return {
        operation["operationId"]: operation
        for path in read_document()["paths"].values()
        for operation in path.values()
    }


@cache
def validator(endpoint: str, status: int) -> Draft202012Validator:
    """Return what validates the operation's answers of this status."""
    answer = list_operations()[endpoint]["responses"][str(status)]
    return make_validator(answer["content"]["application/json"]["schema"])


def make_validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return what validates by this schema of the document, formats too."""
    whole = {**schema, "components": read_document()["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def compare_answers() -> None:
    """Let every test client of the API compare its answers with the document."""
    Api.test_client_class = DescribedClient
