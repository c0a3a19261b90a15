"""When two requests with one id are the same action: however a client writes it again."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.store.store import Store
from tests.web.http.bodies import AT_ONCE, COMPLETE, Headers, make_body

Bearer = Callable[..., Headers]

SAME = [
    ('"metadata":{"x":1.0}', '"metadata":{"x":1}'),
    ('"metadata":{"x":100}', '"metadata":{"x":1e2}'),
    ('"metadata":{"x":-0.0}', '"metadata":{"x":0}'),
    ('"metadata":{"x":0.1}', '"metadata":{"x":0.10}'),
    ('"metadata":{"x":1e22}', '"metadata":{"x":10000000000000000000000}'),
    ('"metadata":{"x":[{"y":2.0}]}', '"metadata":{"x":[{"y":2}]}'),
    ('"metadata":{"a":1,"b":2}', '"metadata":{"b":2,"a":1}'),
    ('"metadata":{"a":"\\u00e9"}', '"metadata":{"a":"é"}'),
    ('"metadata":{}', ""),
    ('"metadata":{"x":12345678901234567890123}', '"metadata":{ "x" : 12345678901234567890123 }'),
]
OTHER = [
    ('"metadata":{"x":12345678901234567890123}', '"metadata":{"x":12345678901234567890124}'),
    ('"metadata":{"x":9007199254740993}', '"metadata":{"x":9007199254740992}'),
    ('"metadata":{"x":18446744073709551616}', '"metadata":{"x":18446744073709551617}'),
    ('"metadata":{"x":1}', '"metadata":{"x":true}'),
    ('"metadata":{"x":1}', '"metadata":{"x":"1"}'),
    ('"metadata":{"x":1}', '"metadata":{"x":1.5}'),
    ('"metadata":{"x":null}', '"metadata":{}'),
    ('"metadata":{"x":[]}', '"metadata":{"x":{}}'),
]


def post_twice(client: FlaskClient, headers: Headers, first: str, second: str) -> str:
    """Post the same action with each of these fields; return the code of the second answer."""
    body = make_body(metadata=...)
    stem = ",".join(f'"{name}":{value!r}'.replace("'", '"') for name, value in body.items())
    codes = []
    for fields in (first, second):
        answer = client.post(
            COMPLETE,
            data=f"{{{stem}{',' if fields else ''}{fields}}}".encode(),
            content_type="application/json",
            headers={**headers, **AT_ONCE},
        )
        codes.append(answer.get_json().get("error", {}).get("code"))
    assert codes[0] is None
    return str(codes[1])


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_action_written_differently_is_a_retry(
    intake_client: FlaskClient, bearer: Bearer, first: str, second: str
) -> None:
    headers = bearer(uuid4())
    for fields in ((first, second), (second, first)):
        assert post_twice(intake_client, headers, *fields) == "DUPLICATE_ACTION"


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_another_action_with_the_same_id_is_a_conflict(
    intake_client: FlaskClient, bearer: Bearer, first: str, second: str
) -> None:
    headers = bearer(uuid4())
    assert post_twice(intake_client, headers, first, second) == "ACTION_ID_CONFLICT"


def test_a_large_integer_is_stored_as_sent(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    large = '"metadata":{"x":12345678901234567890123}'
    post_twice(intake_client, bearer(uuid4()), large, large)
    with store.write() as connection:
        stored = connection.execute(text("SELECT metadata->>'x' FROM pending_actions")).scalar_one()
    assert stored == "12345678901234567890123"
