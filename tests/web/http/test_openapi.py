"""The OpenAPI document: sound, complete in words and examples, and ordered by use.

That it tells the truth is seen by every other test here: see `tests/web/described.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import Schema
from openapi_spec_validator import validate

from tests.web.described import list_operations, make_validator, read_document
from tests.web.http.bodies import COMPLETE
from web.http.errors import STATUS_BY_CODE
from web.http.operation import Operation
from web.http.responses import JSON_TYPE
from web.routes.describing.openapi import TAGS, make_openapi
from web.routes.describing.words.table import WORDS
from web.routes.table import OPERATIONS
from web.schemas.board_definitions import BoardPatchSchema

# Validated by the domain and not by marshmallow; here it must fit the document alone.
DESCRIBED_ONLY = (BoardPatchSchema,)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is answered."""
    return make_openapi(OPERATIONS)


def list_examples(document: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield where it is, the schema and the value of each example of a body."""
    for endpoint, operation in list_operations().items():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for part, body in bodies.items():
            content = body.get("content", {}).get(JSON_TYPE, {})
            for name, example in content.get("examples", {}).items():
                if "$ref" in example:
                    example = document["components"]["examples"][name]
                yield f"{endpoint} {part} {name}", content["schema"], example["value"]


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    validate(client.get("/openapi.json").get_json())


def test_it_names_this_host_and_how_to_authenticate(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "/", "description": "This host"}]
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_tags_and_operations_are_in_the_order_of_use(document: dict[str, Any]) -> None:
    assert [tag["name"] for tag in document["tags"]] == [*TAGS]
    assert next(iter(TAGS)) == "actions"
    assert next(iter(document["paths"])) == COMPLETE
    order = [
        operation["tags"][0]
        for path in document["paths"].values()
        for operation in list(path.values())[:1]
    ]
    assert order == sorted(order, key=[*TAGS].index)


def test_the_ids_of_operations_are_those_that_clients_were_generated_from() -> None:
    # A row of the words is not renamed: who does must know that clients' functions are named by it.
    assert list_operations().keys() == WORDS.keys()


def test_everything_has_words(document: dict[str, Any]) -> None:
    silent = []
    for name, schema in document["components"]["schemas"].items():
        described = {name: schema, **schema.get("properties", {})}
        silent += [(name, field) for field, what in described.items() if not says(what)]
    for endpoint, operation in list_operations().items():
        parts = [operation, *operation["parameters"], *operation["responses"].values()]
        silent += [(endpoint, str(part)[:80]) for part in parts if not says(part)]
    assert silent == []


def says(part: Mapping[str, Any]) -> bool:
    """Return whether the part has a description."""
    return bool(str(part.get("description") or "").strip())


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.endpoint)
def test_every_body_has_an_example(row: Operation) -> None:
    operation = list_operations()[row.endpoint]
    if row.body is not None:
        assert operation["requestBody"]["content"][JSON_TYPE]["examples"]
    for status, answer in operation["responses"].items():
        schema = row.answers.get(int(status))
        is_error = int(status) >= 400 and schema is None
        if is_error or (isinstance(schema, type) and issubclass(schema, Schema)):
            assert answer["content"][JSON_TYPE]["examples"], status
    assert all("example" in parameter for parameter in operation["parameters"])


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    examples = [*list_examples(document)]
    assert len(examples) > 300
    for place, schema, value in examples:
        errors = [error.message for error in make_validator(schema).iter_errors(value)]
        assert not errors, place


@pytest.mark.parametrize(
    "row",
    [row for row in OPERATIONS if row.body and not issubclass(row.body, DESCRIBED_ONLY)],
    ids=lambda row: row.endpoint,
)
def test_every_example_of_a_request_is_accepted(row: Operation) -> None:
    assert row.body is not None
    for name, value in WORDS[row.endpoint].request.items():
        assert row.body().validate(value) == {}, name


def test_every_example_of_a_parameter_is_accepted(document: dict[str, Any]) -> None:
    for row in OPERATIONS:
        operation = list_operations()[row.endpoint]
        for parameter in operation["parameters"]:
            make_validator(parameter["schema"]).validate(parameter["example"])
        if row.query is not None:
            given = {
                parameter["name"]: write(parameter["example"])
                for parameter in operation["parameters"]
                if parameter["in"] == "query" and parameter["name"] != "cursor"
            }
            assert row.query().validate(given) == {}, row.endpoint


def write(value: Any) -> str:
    """Return a parameter as it is written in a URL."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_code_is_in_the_enumeration_and_has_an_example(document: dict[str, Any]) -> None:
    code = document["components"]["schemas"]["ErrorCode"]
    assert code["enum"] == [*STATUS_BY_CODE]
    assert code["x-enumDescriptions"].keys() == STATUS_BY_CODE.keys()
    assert document["components"]["examples"].keys() == STATUS_BY_CODE.keys()


def test_each_operation_says_which_codes_it_may_give(document: dict[str, Any]) -> None:
    complete = document["paths"][COMPLETE]["post"]["responses"]
    assert complete["409"]["x-error-codes"] == ["DUPLICATE_ACTION", "ACTION_ID_CONFLICT"]
    assert "`DUPLICATE_ACTION`: sent before" in complete["409"]["description"]
    assert complete["409"]["content"][JSON_TYPE]["examples"].keys() == {
        "DUPLICATE_ACTION",
        "ACTION_ID_CONFLICT",
    }
    for operation in list_operations().values():
        for status, answer in operation["responses"].items():
            codes = answer.get("x-error-codes", [])
            assert {STATUS_BY_CODE[code] for code in codes} <= {int(status)}


def test_requests_are_closed_and_answers_may_grow(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["CompleteAction"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Completed"]
    assert read_document()["components"]["schemas"]["Completed"]["additionalProperties"] is False
