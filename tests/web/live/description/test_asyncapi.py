"""The AsyncAPI document is valid, its examples are, and it says what is sent and understood."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft7Validator

from tests.web.live.description.described import Document, find_problems, message_validator
from web.live.close_codes import CloseCode
from web.live.description.client_messages import CLIENT_MESSAGES
from web.live.description.document import END_EVENT, SERVER_EVENTS, make_asyncapi
from web.live.protocol import parse_message

OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0.json"
REALTIME_DOCS = Path(__file__).parents[4] / "docs" / "realtime.md"


@pytest.fixture(scope="module")
def document() -> Document:
    """The document of a server on this machine."""
    return make_asyncapi("ws://127.0.0.1:8001/ws")


def test_the_document_is_asyncapi_3(document: Document) -> None:
    validator = Draft7Validator(orjson.loads(OFFICIAL.read_bytes()))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "channels": {"socket": {"address": 5}}})


def test_every_reference_leads_somewhere(document: Document) -> None:
    references = list(list_references(document))
    assert len(references) > 50
    for reference in references:
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_it_is_served_to_everybody_under_the_name_that_was_called(client: FlaskClient) -> None:
    answer = client.get("/asyncapi.json", headers={"Host": "game.example:8000"})
    assert answer.status_code == 200
    servers = answer.get_json()["servers"]
    assert servers["sockets"]["host"] == servers["streams"]["host"] == "game.example:8001"
    assert (servers["sockets"]["protocol"], servers["streams"]["protocol"]) == ("ws", "http")


def test_a_server_behind_a_proxy_is_described_by_its_public_address() -> None:
    servers = make_asyncapi("wss://live.example/events/ws")["servers"]
    assert (servers["sockets"]["protocol"], servers["streams"]["protocol"]) == ("wss", "https")
    assert {server["pathname"] for server in servers.values()} == {"/events"}


@pytest.mark.parametrize("name", [message.name for message in CLIENT_MESSAGES])
def test_the_examples_of_what_a_client_says_are_understood(document: Document, name: str) -> None:
    validator, examples = message_validator(document, name), list_examples(document, name)
    assert examples
    for example in examples:
        validator.validate(example)
        parse_message(orjson.dumps(example).decode(), uuid4())


@pytest.mark.parametrize("name", [message.name for message in (*SERVER_EVENTS, END_EVENT)])
def test_the_examples_of_events_are_as_described(document: Document, name: str) -> None:
    examples = list_examples(document, name)
    assert examples
    for example in examples:
        assert find_problems(example) == []
        assert find_problems({**example, "surplus": 1})
        for field in set(example) - {"reason"}:
            assert find_problems({key: example[key] for key in example if key != field}), field


def test_what_is_not_described_is_found() -> None:
    assert find_problems({"event": "jackpot"})
    assert find_problems({"event": "pong", "id": 1, "timestamp": "yesterday"})
    assert find_problems([])


def test_the_page_on_the_protocol_has_every_close_code_and_event() -> None:
    text = REALTIME_DOCS.read_text()
    table = text[text.index("## Close codes") :].partition("\n\n")[0]
    for code in set(CloseCode) - {CloseCode.NORMAL}:
        assert str(int(code)) in table, code
    for message in SERVER_EVENTS:
        assert message.schema["properties"]["event"]["const"] in text, message.name


def list_examples(document: Document, name: str) -> list[dict[str, Any]]:
    """Return the payloads of a message's examples."""
    message = document["components"]["messages"][name]
    return [example["payload"] for example in message["examples"]]


def list_references(part: Any) -> list[str]:
    """Return every reference inside a part of a document."""
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for value in part.values() for found in list_references(value)]
    if isinstance(part, list):
        return [found for value in part for found in list_references(value)]
    return []
