"""Bodies, media types and methods that are not in the contract; bad-inputs "HTTP and JSON"."""

import gzip
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.store.store import Store
from tests.web.http.bodies import (
    AT_ONCE,
    BATCH,
    COMPLETE,
    Headers,
    assert_refused,
    count_rows,
    make_body,
)

SOUND = json.dumps(make_body())
Bearer = Callable[..., Headers]


def with_field(name: str, raw: str) -> str:
    """Return a sound body with one more field, as raw JSON."""
    return f'{SOUND[:-1]},"{name}":{raw}}}'


def with_score(raw: str) -> str:
    """Return a sound body with this raw JSON as its score."""
    return json.dumps(make_body(score="@")).replace('"@"', raw)


def with_metadata(raw: str) -> str:
    """Return a sound body with this raw JSON as its metadata."""
    return json.dumps(make_body(metadata="@")).replace('"@"', raw)


def nested(depth: int) -> str:
    """Return an object of this many objects within each other."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "only an opening brace": b"{",
    "trailing comma": (SOUND[:-1] + ",}").encode(),
    "comment": (SOUND[:-1] + "// c\n}").encode(),
    "single quotes": SOUND.replace('"', "'").encode(),
    "NaN as a score": with_score("NaN").encode(),
    "Infinity as a score": with_score("Infinity").encode(),
    "-Infinity as a score": with_score("-Infinity").encode(),
    "NaN in the metadata": with_metadata('{"x":NaN}').encode(),
    "score twice": with_field("score", "1").encode(),
    "score twice, once escaped": with_field(r"sc\u006fre", "1").encode(),
    "a name twice in the metadata": with_metadata('{"x":1,"x":2}').encode(),
    "a name twice beside escapes": with_metadata(r'{"x":"\n","x":2}').encode(),
    "UTF-16": SOUND.encode("utf-16"),
    "byte order mark": SOUND.encode("utf-8-sig"),
    "a byte that is not UTF-8": with_metadata('{"x":"@"}').encode().replace(b"@", b"\xff"),
    "a lone surrogate": with_metadata(r'{"x":"\ud800"}').encode(),
    "10^400": with_score("1" + "0" * 400).encode(),
    "4301 digits": with_score("1" * 4301).encode(),
    "two values": (SOUND + SOUND).encode(),
    "a control character in a string": with_metadata('{"x":"\x01"}').encode(),
}

NOT_AN_ACTION: dict[str, bytes] = {
    "null": b"null",
    "array": b"[]",
    "string": b'"x"',
    "number": b"5",
    "true": b"true",
    "empty object": b"{}",
    "5000 arrays deep": b"[" * 5000 + b"]" * 5000,
    "5000 arrays deep, unclosed": b"[" * 5000,
    "metadata 9 deep": with_metadata(nested(9)).encode(),
    "NUL in a value": with_metadata(r'{"x":"a\u0000b"}').encode(),
    "NUL in a name": with_metadata(r'{"a\u0000b":1}').encode(),
    "NUL in an id": with_field("userId", r'"\u0000"').encode(),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_json_is_malformed(
    intake_client: FlaskClient, bearer: Bearer, store: Store, raw: bytes
) -> None:
    answer = intake_client.post(
        COMPLETE, data=raw, content_type="application/json", headers=bearer()
    )
    assert_refused(answer, 400, "MALFORMED_JSON")
    assert count_rows(store) == 0


@pytest.mark.parametrize("raw", NOT_AN_ACTION.values(), ids=NOT_AN_ACTION.keys())
def test_json_that_is_no_action_is_invalid(
    intake_client: FlaskClient, bearer: Bearer, store: Store, raw: bytes
) -> None:
    answer = intake_client.post(
        COMPLETE, data=raw, content_type="application/json", headers=bearer()
    )
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert count_rows(store) == 0


@pytest.mark.parametrize(
    ("path", "size"), [(COMPLETE, 16 * 1024 + 1), (COMPLETE, 2**20), (BATCH, 4 * 2**20 + 1)]
)
def test_a_body_over_the_limit_is_too_large(
    intake_client: FlaskClient, bearer: Bearer, store: Store, path: str, size: int
) -> None:
    raw = SOUND.encode().ljust(size)
    answer = intake_client.post(path, data=raw, content_type="application/json", headers=bearer())
    assert_refused(answer, 413, "PAYLOAD_TOO_LARGE")
    assert count_rows(store) == 0


def test_depth_within_the_size_of_a_batch_is_no_server_error(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    raw = b"[" * 100_000 + b"]" * 100_000
    answer = intake_client.post(BATCH, data=raw, content_type="application/json", headers=bearer())
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert count_rows(store) == 0


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/jsonx",
        "text/json",
    ],
)
def test_other_media_types_are_unsupported(
    intake_client: FlaskClient, bearer: Bearer, store: Store, media_type: str | None
) -> None:
    answer = intake_client.post(COMPLETE, data=SOUND, content_type=media_type, headers=bearer())
    assert_refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert count_rows(store) == 0


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'],
)
def test_json_in_utf_8_is_accepted(
    intake_client: FlaskClient, bearer: Bearer, media_type: str
) -> None:
    headers = {**bearer(), **AT_ONCE}
    answer = intake_client.post(COMPLETE, data=SOUND, content_type=media_type, headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_compressed_bodies_are_unsupported(
    intake_client: FlaskClient, bearer: Bearer, store: Store, encoding: str
) -> None:
    answer = intake_client.post(
        COMPLETE,
        data=gzip.compress(SOUND.encode() + b" " * 10_000_000),
        content_type="application/json",
        headers={**bearer(), "Content-Encoding": encoding},
    )
    assert_refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert count_rows(store) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", [COMPLETE, BATCH])
def test_other_methods_are_not_allowed(
    client: FlaskClient, bearer: Bearer, method: str, path: str
) -> None:
    answer = client.open(path, method=method, headers=bearer())
    assert_refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "//api/leaderboard",
        "/api/leaderboard/",
        "/api/leaderboard%00",
        "/api/..%2fleaderboard",
        "/assets/..%2f..%2fwsgi.py",
        "/assets/%2e%2e/wsgi.py",
    ],
)
def test_an_unknown_path_is_not_found_with_or_without_a_token(
    client: FlaskClient, bearer: Bearer, path: str
) -> None:
    assert_refused(client.get(path), 404, "NOT_FOUND")
    assert_refused(client.get(path, headers=bearer()), 404, "NOT_FOUND")


def test_a_score_in_the_query_counts_for_nothing(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    body = make_body(score=7)
    headers = {**bearer(), **AT_ONCE}
    answer = intake_client.post(f"{COMPLETE}?score=999", json=body, headers=headers)
    assert answer.status_code == 202
    assert read_scores(store) == [(UUID(body["actionId"]), 7)]


def test_a_method_override_is_ignored(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    body = make_body()
    headers = {**bearer(), **AT_ONCE, "X-HTTP-Method-Override": "DELETE"}
    assert intake_client.post(COMPLETE, json=body, headers=headers).status_code == 202
    assert read_scores(store) == [(UUID(body["actionId"]), body["score"])]


def test_an_unexpected_error_reveals_nothing(
    client: FlaskClient, bearer: Bearer, batcher: Any
) -> None:
    def fail(_action: object) -> Any:
        raise RuntimeError("SELECT secret FROM psycopg")

    batcher.answer = fail
    answer = client.post(COMPLETE, json=make_body(), headers=bearer())
    assert_refused(answer, 500, "INTERNAL_ERROR")


@pytest.mark.parametrize("sent", ["abc-DEF_9", "x" * 64])
def test_a_well_formed_request_id_comes_back(client: FlaskClient, sent: str) -> None:
    answer = client.get("/nowhere", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] == sent
    assert answer.get_json()["error"]["requestId"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "<script>", "é", "a;b"])
def test_any_other_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    answer = client.get("/nowhere", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"].startswith("req_")


def read_scores(store: Store) -> list[tuple[UUID, int]]:
    """Return id and score of every stored action."""
    query = text("SELECT action_id, score_delta FROM pending_actions")
    with store.write() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_the_bodies_here_are_sound_but_for_their_fault(
    intake_client: FlaskClient, bearer: Bearer
) -> None:
    headers = {**bearer(), **AT_ONCE}
    for raw in (with_score("1"), with_metadata(nested(8)), with_metadata(r'{"x":"\n"}')):
        raw = raw.replace(json.loads(raw)["actionId"], str(uuid4()))
        answer = intake_client.post(
            COMPLETE, data=raw, content_type="application/json", headers=headers
        )
        assert answer.status_code == 202
