"""What reading a body costs, whatever is in it; no time is measured but a multiple of a parse."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from domain.errors import InvalidPayloadError, LaurelError
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, Headers, assert_refused, make_body
from web.http.json_body import MAX_BATCH_BODY_BYTES, MAX_VALUES, parse_json
from web.schemas.base import MAX_NAME_CHARS, MAX_NAMED_FIELDS

Bearer = Callable[..., Headers]
# Ten times what it takes on a slow machine: the parser without a bound took 2 s.
MOST_SECONDS = 0.5


def fill(unit: bytes, head: bytes = b'{"actions":[', tail: bytes = b"]}") -> bytes:
    """Return a body as large as one may be, of this unit again and again."""
    count = (MAX_BATCH_BODY_BYTES - len(head) - len(tail)) // len(unit)
    return head + (unit * count).rstrip(b",") + tail


COSTLY = {
    "lists": fill(b"[],"),
    "objects": fill(b"{},"),
    "objects with names": fill(b'{"a":1,"b":"x"},'),
    "nulls": fill(b"null,"),
    "numbers": fill(b"1,"),
    "strings": fill(b'"",'),
    "strings of commas": fill(b'",,,,,",'),
    "lists in lists": fill(b"[[[[[[[[]]]]]]]],"),
    "depth": b"[" * (MAX_BATCH_BODY_BYTES // 2) + b"]" * (MAX_BATCH_BODY_BYTES // 2),
}
LARGE_BUT_FEW = {
    "one string": fill(b"x", b'{"a":"', b'"}'),
    "one string of commas and brackets": fill(b",[{", b'{"a":"', b'"}'),
    "escaped quotes": fill(rb"\",", b'{"a":"', b'"}'),
    "escaped backslashes": fill(rb"\\", b'{"a":"', b'"}'),
    "escapes": fill(rb"\u00e9", b'{"a":"', b'"}'),
    "strings of brackets": fill(b'"' + b"[," * 50 + b'",'),
    "large integers": fill(b"1" * 300 + b","),
    "white space": fill(b" "),
}


def parse_seconds(raw: bytes) -> float:
    """Return the CPU seconds of parsing, refused or not."""
    started = time.thread_time()
    with suppress(LaurelError):
        parse_json(raw)
    return time.thread_time() - started


@pytest.mark.parametrize("raw", COSTLY.values(), ids=COSTLY.keys())
def test_a_body_of_very_many_values_is_refused_before_it_is_read(raw: bytes) -> None:
    with pytest.raises(InvalidPayloadError):
        parse_json(raw)
    assert min(parse_seconds(raw) for _ in range(3)) < MOST_SECONDS


@pytest.mark.parametrize("raw", LARGE_BUT_FEW.values(), ids=LARGE_BUT_FEW.keys())
def test_a_large_body_of_few_values_is_read_at_little_cost(raw: bytes) -> None:
    assert parse_json(raw) is not None
    assert min(parse_seconds(raw) for _ in range(3)) < MOST_SECONDS


def test_as_many_values_as_allowed_are_read() -> None:
    few = b"[" + b"0," * (MAX_VALUES - 2) + b"0]"
    assert len(parse_json(few)) == MAX_VALUES - 1
    with pytest.raises(InvalidPayloadError):
        parse_json(b"[0,0," + few[1:] + b" " * MAX_VALUES)


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"a":"\\","b":"\"","c\\":"\\\"","d":"\\\\\""}',
        rb'["\\\\","\"\"","\u0022","\\u0022"]',
        rb'{"":"","\"":"\\"}',
    ],
)
def test_escapes_do_not_look_like_a_name_twice(raw: bytes) -> None:
    assert parse_json(raw) == orjson.loads(raw)


@pytest.mark.parametrize("element", [None, 0, True, 1.5, "x", "", [], [[]], [None], {}])
def test_an_element_that_is_no_action_fails_alone(
    client: FlaskClient, bearer: Bearer, batcher: RecordingBatcher, element: Any
) -> None:
    body = make_body()
    for elements in ([element, body], [body, element], [element, body, element]):
        batcher.taken.clear()
        answer = client.post(BATCH, json={"actions": elements}, headers=bearer())
        assert answer.status_code == 200
        results = answer.get_json()["results"]
        errors = [result["error"]["code"] for result in results if "error" in result]
        assert errors == ["INVALID_PAYLOAD"] * (len(elements) - 1)
        assert [str(action.action_id) for action in batcher.taken] == [body["actionId"]]


def test_a_batch_of_nothing_but_null_is_answered(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post(BATCH, json={"actions": [None]}, headers=bearer())
    assert answer.get_json()["results"][0]["error"]["code"] == "INVALID_PAYLOAD"


def test_an_answer_repeats_few_and_short_names(client: FlaskClient, bearer: Bearer) -> None:
    body = {f"{number}" + "x" * 1000: 1 for number in range(3_000)}
    answer = client.post(BATCH, json=body, headers=bearer())
    named = assert_refused(answer, 400, "INVALID_PAYLOAD")["details"]["fields"]
    assert len(named) == MAX_NAMED_FIELDS
    assert max(map(len, named)) == MAX_NAME_CHARS
