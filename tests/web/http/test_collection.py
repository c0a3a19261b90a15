"""The collection for Postman and Bruno: of the right form, whole, and made for this host."""

import json
import re
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from tests.web.described import list_operations
from tests.web.http.bodies import COMPLETE

TEXT = {"type": "string"}


def closed(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


def many(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


# What Postman's format 2.1 says of the parts that we use.
PAIR = closed(
    ("key", "value"), key=TEXT, value=TEXT, description=TEXT, disabled={"type": "boolean"}
)
EVENT = closed(
    ("listen", "script"),
    listen={"enum": ["prerequest", "test"]},
    script=closed(("exec",), type={"const": "text/javascript"}, exec=many(TEXT)),
)
AUTH = closed(
    ("type",),
    type={"enum": ["bearer", "noauth"]},
    bearer=many(closed(("key",), key=TEXT, value=TEXT, type=TEXT)),
)
REQUEST = closed(
    ("method", "url"),
    method={"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
    description=TEXT,
    auth=AUTH,
    header=many(PAIR),
    url=closed(
        ("raw", "host", "path"),
        raw=TEXT,
        host=many(TEXT),
        path=many(TEXT),
        query=many(PAIR),
        variable=many(PAIR),
    ),
    body=closed(
        ("mode", "raw"),
        mode={"const": "raw"},
        raw=TEXT,
        options=closed((), raw=closed((), language={"const": "json"})),
    ),
)
RESPONSE = closed(
    ("name",),
    name=TEXT,
    originalRequest=REQUEST,
    status=TEXT,
    code={"type": "integer"},
    header=many(PAIR),
    body=TEXT,
)
ITEM = closed(("request",), name=TEXT, request=REQUEST, response=many(RESPONSE), event=many(EVENT))
COLLECTION = closed(
    ("info", "item"),
    info=closed(
        ("name", "schema"),
        name=TEXT,
        description=TEXT,
        schema={
            "const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
    ),
    item=many(closed(("item",), name=TEXT, description=TEXT, item=many(ITEM))),
    auth=AUTH,
    event=many(EVENT),
    variable=many(PAIR),
)


def list_items(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every request with its answers."""
    for folder in collection["item"]:
        yield from folder["item"]


def test_it_is_a_postman_collection(client: FlaskClient) -> None:
    Draft202012Validator(COLLECTION).validate(client.get("/collection.json").get_json())


def test_it_has_every_operation_but_those_for_browsers(client: FlaskClient) -> None:
    sent = {
        (
            item["request"]["method"].lower(),
            re.sub(r":(\w+)", r"{\1}", "/" + "/".join(item["request"]["url"]["path"])),
        )
        for item in list_items(client.get("/collection.json").get_json())
    }
    document = client.get("/openapi.json").get_json()
    described = {
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["tags"] != ["documents"]
    }
    assert sent == described


def test_the_main_call_comes_first_with_an_id_and_a_time_of_its_own(client: FlaskClient) -> None:
    collection = client.get("/collection.json").get_json()
    first = next(list_items(collection))
    assert first["request"]["url"]["raw"] == f"{{{{baseUrl}}}}{COMPLETE}"
    body = json.loads(first["request"]["body"]["raw"])
    assert (body["actionId"], body["timestamp"]) == ("{{actionId}}", "{{timestamp}}")
    script = "\n".join(collection["event"][0]["script"]["exec"])
    for name in set(re.findall(r"\{\{(\w+)\}\}", json.dumps(collection))) - {"baseUrl", "token"}:
        assert f"set('{name}'" in script, name
    assert {answer["code"] for answer in first["response"]} == {200, 202}


def test_it_is_sent_to_the_host_that_was_asked_with_the_token_of_a_login(
    client: FlaskClient,
) -> None:
    collection = client.get("/collection.json", base_url="http://game.example:8123").get_json()
    variables = {each["key"]: each["value"] for each in collection["variable"]}
    assert variables == {"baseUrl": "http://game.example:8123", "token": ""}
    assert collection["auth"]["bearer"][0]["value"] == "{{token}}"
    setting = [item for item in list_items(collection) if "event" in item]
    assert len(setting) == 4
    assert all("token" in str(item["event"]) for item in setting)


def test_every_body_is_json_that_is_sent_whole(client: FlaskClient) -> None:
    bodies = [
        json.loads(item["request"]["body"]["raw"])
        for item in list_items(client.get("/collection.json").get_json())
        if "body" in item["request"]
    ]
    with_bodies = [each for each in list_operations().values() if "requestBody" in each]
    assert len(bodies) == len(with_bodies)
