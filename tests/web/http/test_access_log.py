"""The access log: which requests have a line, and what is in it."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import TextIOWrapper
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.settings import Settings
from domain.store.store import Store
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import Headers, make_body
from web.app import create_app

Bearer = Callable[..., Headers]
Capture = pytest.CaptureFixture[str]
COMPLETE = "/api/actions/complete"
BOARD = "/api/leaderboard"


@pytest.fixture
def make_client(settings: Settings, store: Store) -> Callable[..., FlaskClient]:
    """Make a client of the API with these settings."""

    def make(**changes: Any) -> FlaskClient:
        changed = replace(settings, **changes)
        return create_app(changed, store, RecordingBatcher()).test_client()

    return make


def read_lines(capsys: Capture) -> list[dict[str, Any]]:
    """Return the lines of the access log; each line of the log is one JSON object."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["event"] == "request"]


def test_a_line_has_the_request_s_id_and_what_was_answered(
    make_client: Callable[..., FlaskClient], bearer: Bearer, capsys: Capture
) -> None:
    user_id = uuid4()
    client = make_client(access_log_sample=1.0)
    answer = client.get(BOARD, headers={**bearer(user_id), "X-Request-ID": "mine-17"})
    (line,) = read_lines(capsys)
    assert answer.headers["X-Request-ID"] == line["request_id"] == "mine-17"
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith(("Z", "+00:00"))
    assert line == {
        "event": "request",
        "process": "api",
        "level": "info",
        "method": "GET",
        "endpoint": "leaderboard.top",
        "status": 200,
        "request_id": "mine-17",
        "user": sha256(str(user_id).encode()).hexdigest()[:12],
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", BOARD, 401),
        ("GET", "/nowhere", 404),
        ("DELETE", BOARD, 405),
        ("POST", COMPLETE, 401),
        ("POST", "/api/auth/login", 415),
    ],
)
def test_an_error_always_has_a_line(
    make_client: Callable[..., FlaskClient], capsys: Capture, method: str, path: str, status: int
) -> None:
    answer = make_client(access_log_sample=0.0).open(path, method=method)
    (line,) = read_lines(capsys)
    assert (answer.status_code, line["status"]) == (status, status)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "user" not in line


def test_with_a_sample_of_0_only_errors_have_a_line(
    make_client: Callable[..., FlaskClient], bearer: Bearer, capsys: Capture
) -> None:
    client = make_client(access_log_sample=0.0)
    for _ in range(20):
        assert client.get(BOARD, headers=bearer()).status_code == 200
    assert read_lines(capsys) == []


def test_a_share_of_the_requests_has_a_line(
    make_client: Callable[..., FlaskClient],
    bearer: Bearer,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = iter([0.1, 0.4, 0.5, 0.9])
    monkeypatch.setattr("web.http.access_log.random.random", lambda: next(drawn))
    client = make_client(access_log_sample=0.5)
    for number in range(4):
        client.get(BOARD, headers={**bearer(), "X-Request-ID": str(number)})
    assert [line["request_id"] for line in read_lines(capsys)] == ["0", "1"]


def test_no_token_address_path_or_metadata_is_logged(
    make_client: Callable[..., FlaskClient], bearer: Bearer, capsys: Capture
) -> None:
    client = make_client(access_log_sample=1.0)
    headers = bearer()
    user_id = UUID(int=5)
    secrets = [headers["Authorization"].partition(" ")[2], "203.0.113.77", "hunter2", str(user_id)]
    client.post(
        f"{COMPLETE}?password=hunter2",
        json=make_body(metadata={"actionType": "hunter2"}),
        headers=headers,
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    client.get(f"/api/users/{user_id}/score", headers=headers)
    client.get("/hunter2", headers=headers)
    output = capsys.readouterr().err
    assert output.count('"event":"request"') == 3
    assert not [secret for secret in secrets if secret in output]


def test_above_the_level_of_info_there_is_no_access_log(
    make_client: Callable[..., FlaskClient], capsys: Capture
) -> None:
    assert make_client(access_log_sample=1.0, log_level="ERROR").get(BOARD).status_code == 401
    assert '"event":"request"' not in capsys.readouterr().err


def test_a_log_that_cannot_be_written_costs_no_answer(
    make_client: Callable[..., FlaskClient], bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(access_log_sample=1.0)
    headers = bearer()
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr("sys.stderr", TextIOWrapper(full, write_through=True))
        assert client.get(BOARD, headers=headers).status_code == 200
        monkeypatch.undo()
