"""Health, metrics, the documents, CORS and the pages."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.postgres.heartbeats import beat
from domain.store.store import Store, connect
from tests.factories import make_settings
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import COMPLETE, Headers, assert_refused, make_body
from web.app import create_app
from web.health.readiness import Readiness
from web.http.error_words import ERROR_WORDS
from web.http.errors import STATUS_BY_CODE
from web.http.live_url import live_url, stream_url
from web.metrics import READ_PAUSE_SECONDS

Bearer = Callable[..., Headers]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}
PAGES = Path(__file__).parents[3] / "web" / "pages" / "static"


@pytest.fixture
def lonely_client(batcher: RecordingBatcher) -> FlaskClient:
    """A client of an application whose stores are away."""
    settings = make_settings()
    return create_app(settings, connect(settings), batcher).test_client()


def pulse(store: Store, *processes: str) -> None:
    """Say that these processes are alive."""
    with store.write() as connection:
        for process in processes:
            beat(connection, process=process)


def test_a_process_is_ready_once_a_worker_was_seen_and_stays_so(
    client: FlaskClient, store: Store
) -> None:
    answer = client.get("/health/ready")
    error = assert_refused(answer, 503, "SERVICE_UNAVAILABLE")
    assert "no worker" in error["message"]
    assert "Retry-After" in answer.headers
    pulse(store, "worker")
    assert client.get("/health/ready").status_code == 200
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM heartbeats")
    assert client.get("/health/ready").status_code == 200


def test_a_process_on_a_read_only_server_is_not_ready_until_it_is_writable(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    bearer: Bearer,
    read_only: Callable[[bool], None],
) -> None:
    pulse(store, "worker")
    own = connect(settings)
    client = create_app(settings, own, batcher).test_client()
    read_only(True)
    error = assert_refused(client.get("/health/ready"), 503, "SERVICE_UNAVAILABLE")
    assert error["message"] == "Not ready: PostgreSQL is read-only"
    answer = client.get("/health")
    assert answer.get_json()["parts"]["database"]["error"] == "PostgreSQL is read-only"
    ticket = client.post("/api/realtime/ticket", headers=bearer())
    assert_refused(ticket, 503, "SERVICE_UNAVAILABLE")
    assert "Retry-After" in ticket.headers
    read_only(False)
    assert client.get("/health/ready").status_code == 200
    assert client.get("/health").get_json()["parts"]["database"]["ok"]
    own.close()


def test_readiness_writes_at_most_once_a_second(store: Store) -> None:
    now = [100.0]
    readiness = Readiness(store, clock=lambda: now[0])
    pulse(store, "worker")

    def seen_at() -> object:
        assert readiness.find_obstacle() is None
        with store.write() as connection:
            return connection.exec_driver_sql(
                "SELECT seen_at FROM heartbeats WHERE process = 'api'"
            ).scalar_one()

    first = seen_at()
    assert seen_at() == first
    now[0] += 1
    assert seen_at() != first


def test_a_beat_does_not_wait_for_another_process_that_beats(store: Store) -> None:
    pulse(store, "worker")
    with store.write() as stuck:
        beat(stuck, process="worker")
        started = time.monotonic()
        pulse(store, "worker")
        assert time.monotonic() - started < 2


def test_without_postgresql_a_process_lives_and_is_not_ready(lonely_client: FlaskClient) -> None:
    assert lonely_client.get("/health/live").status_code == 200
    assert_refused(lonely_client.get("/health/ready"), 503, "SERVICE_UNAVAILABLE")
    answer = lonely_client.get("/health")
    parts = answer.get_json()["parts"]
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
    assert not any(parts[name]["ok"] for name in ("database", "redis", "websocket", "keeper"))
    assert parts["authentication"]["ok"]
    assert parts["database"]["error"] == "PostgreSQL does not answer"
    assert parts["redis"]["error"] == "Redis does not answer"
    assert all("error" in part for part in parts.values() if not part["ok"])


def test_health_names_each_part(client: FlaskClient, store: Store) -> None:
    pulse(store, "worker")
    redis = client.get("/health").get_json()["parts"]["redis"]
    assert redis["error"] == "the board is incomplete and is read from SQL"
    assert rebuild_board(store, board=GLOBAL_BOARD)
    parts = client.get("/health").get_json()["parts"]
    assert parts.keys() == {
        "database",
        "redis",
        "websocket",
        "authentication",
        "workers",
        "keeper",
        "checkpoints",
        "queueAge",
        "threads",
        "geolocation",
        "fraudPolicy",
    }
    assert all(
        parts[name]["ok"] for name in ("database", "redis", "authentication", "workers", "queueAge")
    )
    assert parts["redis"]["evictionPolicy"] == "noeviction"
    assert parts["keeper"]["error"] == "was never seen"
    assert all(part["ms"] >= 0 for part in parts.values())


def test_metrics_have_the_names_of_the_specification(client: FlaskClient, bearer: Bearer) -> None:
    client.post(COMPLETE, json=make_body(), headers=bearer())
    client.get("/api/leaderboard", headers=bearer())
    text = client.get("/metrics").get_data(as_text=True)
    for name in (
        "score_update_total",
        "action_completion_duration_seconds",
        "fraud_checks_total",
        "websocket_connections_active",
        "leaderboard_cache_hits_total",
        "laurel_pipeline_queue_age_seconds",
        "laurel_pipeline_batch_size",
        "laurel_pipeline_stage_seconds",
    ):
        assert re.search(rf"^# TYPE {name.removesuffix('_total')}", text, re.MULTILINE), name
    assert re.search(
        r'^laurel_http_requests_total\{endpoint="actions.complete",status="200"\} [1-9]',
        text,
        re.MULTILINE,
    )


@pytest.mark.parametrize(
    ("token", "headers", "code"),
    [
        ("", {}, "UNAUTHORIZED"),
        ("", {"Authorization": "Bearer "}, "INVALID_TOKEN"),
        ("", {"Authorization": "Bearer x"}, "INVALID_TOKEN"),
        ("right", {}, "UNAUTHORIZED"),
        ("right", {"Authorization": "Bearer wrong"}, "INVALID_TOKEN"),
        ("right", {"Authorization": "Basic right"}, "UNAUTHORIZED"),
    ],
)
@pytest.mark.parametrize(
    "through", [ELSEWHERE, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}]
)
def test_metrics_from_elsewhere_need_their_token(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    token: str,
    headers: Headers,
    code: str,
    through: dict[str, str],
) -> None:
    app = create_app(replace(settings, metrics_token=token), store, batcher)
    answer = app.test_client().get("/metrics", headers=headers, environ_base=through)
    assert_refused(answer, 401, code)


def test_metrics_from_elsewhere_with_their_token_are_answered(
    settings: Settings, store: Store, batcher: RecordingBatcher
) -> None:
    app = create_app(replace(settings, metrics_token="right"), store, batcher)
    headers = {"Authorization": "Bearer right"}
    answer = app.test_client().get("/metrics", headers=headers, environ_base=ELSEWHERE)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"Authorization": "Bearer right-token"}, 200)]
)
def test_in_production_metrics_need_their_token_from_this_machine_too(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    monkeypatch: pytest.MonkeyPatch,
    headers: Headers,
    status: int,
) -> None:
    # A proxy on this machine that adds no header: it must not pass for the machine itself.
    monkeypatch.setattr("web.app.require_durable_server", lambda *_: None)
    strict = replace(settings, laurel_env="production", metrics_token="right-token")
    answer = create_app(strict, store, batcher).test_client().get("/metrics", headers=headers)
    assert answer.status_code == status


@pytest.fixture
def shared_client(settings: Settings, store: Store, batcher: RecordingBatcher) -> FlaskClient:
    """A client of an application that pages of another origin may call."""
    allowed = replace(settings, allowed_origins=("https://game.example",))
    return create_app(allowed, store, batcher).test_client()


def test_a_page_of_an_allowed_origin_may_call_and_read(
    shared_client: FlaskClient, bearer: Bearer
) -> None:
    origin = {"Origin": "https://game.example"}
    asked = {"Access-Control-Request-Method": "POST", **origin}
    preflight = shared_client.options(COMPLETE, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://game.example"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = shared_client.get("/api/leaderboard", headers={**bearer(), **origin})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://game.example"
    assert "RateLimit" in answer.headers["Access-Control-Expose-Headers"]
    refused = shared_client.get("/api/leaderboard", headers=origin)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://game.example"


@pytest.mark.parametrize(
    "origin", ["null", "http://game.example", "https://game.example.evil.tld", "https://evil.tld"]
)
def test_pages_of_other_origins_may_not_read(
    shared_client: FlaskClient, bearer: Bearer, origin: str
) -> None:
    answer = shared_client.get("/api/leaderboard", headers={**bearer(), "Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"


def test_a_socket_on_the_api_s_port_is_sent_on(client: FlaskClient) -> None:
    answer = client.get("/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert_refused(answer, 426, "UPGRADE_REQUIRED")
    assert answer.headers["Upgrade"] == "websocket"


def test_a_stream_on_the_api_s_port_is_told_the_right_address(client: FlaskClient) -> None:
    answer = client.get("/api/stream?channels=leaderboard")
    assert_refused(answer, 421, "MISDIRECTED_REQUEST")
    url = "http://localhost:8001/api/stream"
    assert answer.get_json()["error"]["details"] == {"url": url}
    assert url in answer.get_json()["error"]["message"]


def test_streams_are_beside_the_sockets() -> None:
    settings = make_settings(live_url="wss://live.example/events/ws")
    assert stream_url(settings, "localhost") == "https://live.example/events/api/stream"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:8000", "ws://localhost:8001/ws"),
        ("192.0.2.5", "ws://192.0.2.5:8001/ws"),
        ("[::1]:8000", "ws://[::1]:8001/ws"),
        ("evil;x", "ws://127.0.0.1:8001/ws"),
        ("a b", "ws://127.0.0.1:8001/ws"),
        ("[bad", "ws://127.0.0.1:8001/ws"),
        ("", "ws://127.0.0.1:8001/ws"),
    ],
)
def test_the_sockets_are_under_the_name_that_was_called(host: str, expected: str) -> None:
    assert live_url(make_settings(), host) == expected


def test_live_url_overrides_the_requested_host() -> None:
    settings = make_settings(live_url="wss://live.example/ws")
    assert live_url(settings, "localhost:8000") == "wss://live.example/ws"


@pytest.mark.parametrize("path", ["/", "/docs", "/moderation", "/ops"])
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "unsafe" not in policy
    assert "ws://localhost:8001" in policy
    assert not re.search(r'<script(?![^>]*\bsrc="/assets/)|<style|\son\w+=|style=', text)
    for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', text):
        assert client.get(name).status_code == 200
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def list_scripts_and_styles() -> list[str]:
    found = (path.relative_to(PAGES) for path in PAGES.rglob("*.*s"))
    return sorted(path.as_posix() for path in found if "vendor" not in path.parts)


@pytest.mark.parametrize("name", list_scripts_and_styles())
def test_scripts_and_styles_name_no_other_server(name: str) -> None:
    assert not re.search(
        r"https?://(?!www\.w3\.org/)|@import|eval\(|innerHTML", (PAGES / name).read_text()
    )


def test_an_asset_that_did_not_change_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/assets/home.js")
    second = client.get("/assets/home.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")


@pytest.mark.parametrize("name", ["home.html", "__init__.py", "serving.py", "x.js"])
def test_only_listed_assets_are_served(client: FlaskClient, name: str) -> None:
    assert_refused(client.get(f"/assets/{name}"), 404, "NOT_FOUND")


def test_the_openapi_document_is_of_version_3_1_and_refers_to_what_it_has(
    client: FlaskClient,
) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    references = re.findall(r'"#/components/schemas/(\w+)"', client.get("/openapi.json").text)
    assert references
    assert set(references) <= document["components"]["schemas"].keys()
    complete: dict[str, Any] = document["paths"][COMPLETE]["post"]
    assert complete["responses"].keys() >= {"200", "202", "400", "401", "403", "409", "429", "503"}
    fields = document["components"]["schemas"]["CompleteAction"]
    assert fields["required"] == ["actionId", "score", "timestamp"]
    assert fields["properties"]["score"]["maximum"] == 2**31 - 1
    assert document["paths"]["/api/auth/login"]["post"]["security"] == []
    assert "security" not in complete


def test_metrics_wait_for_a_process_that_is_just_making_its_file(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    opened = tmp_path / "counter_1.db"
    opened.touch()
    threading.Timer(READ_PAUSE_SECONDS * 2, opened.write_bytes, [bytes(64)]).start()
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert opened.stat().st_size == 64, "it was read after it was begun"


@pytest.mark.parametrize("code", sorted(STATUS_BY_CODE))
def test_each_error_code_has_its_paragraph_on_the_page_of_the_api(
    client: FlaskClient, code: str
) -> None:
    page = client.get("/docs").text
    paragraph = page.split(f'id="error-{code}"')[1].split("</article>")[0]
    assert str(STATUS_BY_CODE[code]) in paragraph
    remedy = ERROR_WORDS[code].remedy.split("`")[0]
    assert escape(remedy) in paragraph
