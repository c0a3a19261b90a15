"""Whether what the live process sends is what its AsyncAPI document says.

Every listener of the tests checks each event that it hears.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
from jsonschema import Draft7Validator, FormatChecker

from web.live.description.document import make_asyncapi

Document = dict[str, Any]

# Thousands of listeners hear the same bytes.
_found_right: set[bytes] = set()


def check_event(raw: bytes | str) -> None:
    """Raise AssertionError unless the event is one of the document's, with exactly its fields."""
    data = raw.encode() if isinstance(raw, str) else raw
    digest = blake2b(data, digest_size=16).digest()
    if digest in _found_right:
        return
    problems = find_problems(orjson.loads(data))
    assert not problems, f"{data.decode()}\nis not as described: {problems}"
    _found_right.add(digest)


def find_problems(event: Any) -> list[str]:
    """Return what differs from the description of this event; nothing when it is as described."""
    if not isinstance(event, dict):
        return ["no object"]
    kind, channel = event.get("event"), event.get("channel")
    described = [one for one in _list_events() if one.is_of(kind, channel)]
    if len(described) != 1:
        return [f"{len(described)} messages of {kind!r} on {channel!r} are described"]
    return [
        f"{error.json_path}: {error.message}" for error in described[0].validator.iter_errors(event)
    ]


class DescribedEvent:
    """One event of the document, with what checks it."""

    def __init__(self, document: Document, name: str):
        properties = document["components"]["messages"][name]["payload"]["properties"]
        self._kind = properties["event"]["const"]
        self._channel = properties.get("channel")
        self.validator = message_validator(document, name)

    def is_of(self, kind: Any, channel: Any) -> bool:
        """Whether an event of this name and channel is described here."""
        if kind != self._kind:
            return False
        if self._channel is None:
            return channel is None
        return Draft7Validator(self._channel).is_valid(channel)


def message_validator(document: Document, name: str) -> Draft7Validator:
    """Return what checks a message of this name."""
    payload = {"$ref": f"#/components/messages/{name}/payload"}
    schema = {"allOf": [payload], "components": document["components"]}
    return Draft7Validator(schema, format_checker=FormatChecker())


@cache
def _list_events() -> Iterable[DescribedEvent]:
    document = make_asyncapi("ws://127.0.0.1:8001/ws")
    sent = [
        reference["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if operation["action"] == "send"
        for reference in operation["messages"]
    ]
    return tuple(DescribedEvent(document, name) for name in dict.fromkeys(sent))
