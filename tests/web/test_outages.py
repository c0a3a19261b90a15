"""What a client hears while a store is away, and what the log keeps of an error of ours."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from structlog.testing import capture_logs

from domain.boards.model import GLOBAL_BOARD
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.store.redis.client import RedisClient
from domain.store.store import Store, connect
from tests.factories import make_settings
from tests.waiting import run_in_threads
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, COMPLETE, Headers, assert_refused, count_rows, make_body
from web.access.revocations import Revocations
from web.access.tokens import TokenCodec
from web.app import create_app
from web.http.request_context import add_request_id
from web.intake.batcher import Batcher

Bearer = Callable[..., Headers]
SOUND = make_body()
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def without_postgresql() -> Iterator[FlaskClient]:
    """A client of an application whose stores are both away."""
    settings = make_settings(commit_wait_seconds=2.0)
    store = connect(settings)
    batcher = Batcher(settings, store, lambda _batch_id: None, board=GLOBAL_BOARD)
    batcher.start()
    yield create_app(settings, store, batcher).test_client()
    batcher.stop()
    store.close()


@pytest.fixture
def without_redis(settings: Settings, store: Store) -> Iterator[FlaskClient]:
    """A client of an application whose Redis is away."""
    client = Redis.from_url(NOWHERE, decode_responses=True, socket_connect_timeout=0.3)
    losing_redis = Store(store.engine, RedisClient(client))
    batcher = Batcher(settings, losing_redis, lambda _batch_id: None, board=GLOBAL_BOARD)
    batcher.start()
    yield create_app(settings, losing_redis, batcher).test_client()
    batcher.stop()
    losing_redis.redis.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", COMPLETE, SOUND),
        ("POST", BATCH, {"actions": [SOUND]}),
        ("GET", "/api/actions", None),
        ("GET", "/api/leaderboard", None),
        ("GET", "/api/leaderboard/me", None),
        ("POST", "/api/auth/login", {"username": "ann", "password": "long enough"}),
    ],
    ids=["complete", "batch", "history", "board", "place", "login"],
)
def test_without_postgresql_nothing_is_promised(
    without_postgresql: FlaskClient, method: str, path: str, body: Any
) -> None:
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None)
    headers = {"Authorization": f"Bearer {token}"}
    answer = without_postgresql.open(path, method=method, json=body, headers=headers)
    assert_refused(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def test_without_redis_actions_are_taken_and_reads_are_answered(
    without_redis: FlaskClient, bearer: Bearer, store: Store
) -> None:
    headers = bearer()
    assert without_redis.get("/api/leaderboard", headers=headers).status_code == 200
    assert without_redis.get("/api/leaderboard/me", headers=headers).status_code == 200
    answer = without_redis.post(COMPLETE, json=make_body(), headers=headers)
    assert (answer.status_code, answer.get_json()["status"]) == (202, "pending")
    assert count_rows(store) > 0
    assert without_redis.get("/api/actions", headers=headers).status_code == 200


def test_an_error_of_ours_is_in_the_log_under_the_request_s_id(
    app: Flask, bearer: Bearer, batcher: RecordingBatcher
) -> None:
    def fail(_action: object) -> Any:
        raise RuntimeError("broken")

    batcher.answer = fail
    headers = {**bearer(), "X-Request-ID": "req_traced"}
    with capture_logs(processors=[add_request_id]) as logs:
        answer = app.test_client().post(COMPLETE, json=SOUND, headers=headers)
    assert answer.status_code == 500
    (line,) = (line for line in logs if line["event"] == "unexpected error")
    assert (line["error"], line["request_id"]) == ("RuntimeError", "req_traced")


def test_what_is_logged_outside_of_a_request_has_no_request_id() -> None:
    with capture_logs(processors=[add_request_id]) as logs:
        structlog.get_logger(__name__).warning("alone")
    assert "request_id" not in logs[0]


def test_those_who_wait_for_a_first_look_that_fails_do_not_all_repeat_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def fail_slowly(*_: Any, **__: Any) -> None:
        looks.append(1)
        time.sleep(0.3)
        raise DatabaseUnavailableError

    def ask() -> None:
        with pytest.raises(DatabaseUnavailableError):
            revocations.is_revoked(user_id=uuid4(), session_id=None, jti="j", issued_at=None)

    monkeypatch.setattr("web.access.revocations.list_revocations", fail_slowly)
    revocations = Revocations(store)
    run_in_threads(ask, count=12)
    assert len(looks) == 1
