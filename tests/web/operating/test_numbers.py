"""The numbers of now: who may read them, what they say, and what it costs to look."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.settings import Settings
from domain.store.store import Store, connect
from tests.factories import make_settings
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import COMPLETE, Headers, assert_refused, make_body
from web.app import create_app
from web.health.kept_answer import FRESH_SECONDS, KeptAnswer
from web.routes.operating.numbers import describe_numbers
from web.schemas.operating import OpsNumbersSchema

Bearer = Callable[..., Headers]
NUMBERS = "/api/ops/metrics"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}
THROUGH_A_PROXY = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}


@pytest.fixture
def guarded(settings: Settings, store: Store, batcher: RecordingBatcher) -> FlaskClient:
    """A client of an application with a METRICS_TOKEN."""
    return create_app(replace(settings, metrics_token="right"), store, batcher).test_client()


def read(client: FlaskClient, **options: Any) -> dict[str, Any]:
    answer = client.get(NUMBERS, **options)
    assert answer.status_code == 200, answer.get_json()
    numbers: dict[str, Any] = answer.get_json()
    return numbers


def test_the_answer_is_what_the_document_says(client: FlaskClient) -> None:
    numbers = read(client)
    assert OpsNumbersSchema().validate(numbers) == {}
    assert numbers.keys() == {field.data_key for field in OpsNumbersSchema().fields.values()}
    assert numbers["scope"] == "process"
    assert numbers["stages"].keys() == {"screen", "score", "refresh", "audit", "broadcast"}
    assert numbers["fraud"]["verdicts"].keys() == {"pass", "quarantine", "reject"}
    assert numbers["health"]["parts"]["database"]["ok"] is True


def test_requests_are_counted_and_those_for_the_numbers_are_not(
    settings: Settings, store: Store, batcher: RecordingBatcher, bearer: Bearer
) -> None:
    def look() -> dict[str, Any]:
        # Another application each time: it has kept no answer.
        return read(create_app(settings, store, batcher).test_client())

    before = look()
    client = create_app(settings, store, batcher).test_client()
    assert client.post(COMPLETE, json=make_body(), headers=bearer()).status_code == 200
    assert client.post(COMPLETE, json={}, headers=bearer()).status_code == 400
    assert client.get("/api/leaderboard").status_code == 401
    look()
    after = look()
    grown = {name: after["requests"][name] - before["requests"][name] for name in after["requests"]}
    assert grown == {"answered": 3, "refused": 2, "limited": 0, "failed": 0}
    answered = [numbers["actions"]["answerSeconds"]["count"] for numbers in (before, after)]
    assert answered[1] - answered[0] == 1


def test_health_says_that_the_stores_are_away_and_the_numbers_go_on(
    batcher: RecordingBatcher,
) -> None:
    settings = make_settings()
    numbers = read(create_app(settings, connect(settings), batcher).test_client())
    assert numbers["health"]["status"] == "degraded"
    assert numbers["health"]["parts"]["database"]["ok"] is False


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "UNAUTHORIZED"),
        ({"Authorization": "Basic right"}, "UNAUTHORIZED"),
        ({"Authorization": "Bearer "}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer wrong"}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer right right"}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer r\xefght"}, "INVALID_TOKEN"),
    ],
)
@pytest.mark.parametrize("origin", [ELSEWHERE, THROUGH_A_PROXY])
def test_from_elsewhere_a_token_is_needed(
    guarded: FlaskClient, headers: Headers, code: str, origin: dict[str, str]
) -> None:
    answer = guarded.get(NUMBERS, headers=headers, environ_base=origin)
    assert_refused(answer, 401, code)


def test_without_a_metrics_token_no_word_passes_for_it(client: FlaskClient) -> None:
    for word in ("", "x", "None"):
        headers = {"Authorization": f"Bearer {word}"}
        answer = client.get(NUMBERS, headers=headers, environ_base=ELSEWHERE)
        assert_refused(answer, 401, "INVALID_TOKEN")


@pytest.mark.parametrize("role", ["player", "service", "moderator"])
def test_no_role_but_admin_is_enough(guarded: FlaskClient, bearer: Bearer, role: str) -> None:
    answer = guarded.get(NUMBERS, headers=bearer(roles=[role]), environ_base=ELSEWHERE)
    assert_refused(answer, 403, "FORBIDDEN")


def test_the_metrics_token_and_the_role_admin_are_enough(
    guarded: FlaskClient, bearer: Bearer
) -> None:
    for headers in ({"Authorization": "Bearer right"}, bearer(roles=["admin"])):
        read(guarded, headers=headers, environ_base=ELSEWHERE)


def test_in_production_this_machine_needs_a_token_too(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.app.require_durable_server", lambda *_: None)
    strict = replace(settings, laurel_env="production", metrics_token="right-token")
    client = create_app(strict, store, batcher).test_client()
    assert_refused(client.get(NUMBERS), 401, "UNAUTHORIZED")
    read(client, headers={"Authorization": "Bearer right-token"})


def test_the_numbers_of_all_processes_are_summed(
    settings: Settings, store: Store, batcher: RecordingBatcher, tmp_path: Path
) -> None:
    shared = replace(settings, prometheus_multiproc_dir=str(tmp_path))
    numbers = read(create_app(shared, store, batcher).test_client())
    # No process writes there: this one began before there was a folder.
    assert (numbers["scope"], numbers["requests"]["answered"]) == ("machine", 0)
    assert numbers["stages"] == {}


def test_what_many_ask_for_within_a_second_is_made_once() -> None:
    now, made = [0.0], []
    kept = KeptAnswer(clock=lambda: now[0])

    def make() -> int:
        made.append(now[0])
        return len(made)

    assert [kept.read(make) for _ in range(10)] == [1] * 10
    now[0] = FRESH_SECONDS - 0.01
    assert kept.read(make) == 1
    now[0] = FRESH_SECONDS
    assert [kept.read(make), kept.read(make)] == [2, 2]


def test_an_answer_that_could_not_be_made_is_made_by_the_next() -> None:
    kept = KeptAnswer(clock=lambda: 0.0)

    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        kept.read(fail)
    assert kept.read(lambda: "made") == "made"


def test_numbers_are_sums_over_labels_and_histograms_are_whole() -> None:
    registry = CollectorRegistry()
    stage = Histogram(
        "laurel_pipeline_stage_seconds", "x", ["link"], buckets=(0.1, 1), registry=registry
    )
    for seconds in (0.05, 0.5, 5):
        stage.labels("score").observe(seconds)
    stage.labels("screen")
    lengths = Gauge("laurel_queue_length", "x", ["queue"], registry=registry)
    lengths.labels("actions").set(7)
    checks = Counter("fraud_checks", "x", ["verdict", "reason"], registry=registry)
    checks.labels("pass", "").inc(10)
    checks.labels("reject", "VELOCITY").inc(2)
    checks.labels("quarantine", "VELOCITY").inc(1)
    checks.labels("reject", "SCORE_LIMIT")
    requests = Counter("laurel_http_requests", "x", ["endpoint", "status"], registry=registry)
    for endpoint, status in (("a", 200), ("a", 404), ("b", 429), ("b", 503), ("ops.numbers", 401)):
        requests.labels(endpoint, str(status)).inc()
    numbers = describe_numbers(registry.collect())
    assert numbers["stages"] == {
        "score": {"count": 3, "sum": 5.55, "bounds": [0.1, 1], "atMost": [1, 2]},
        "screen": {"count": 0, "sum": 0, "bounds": [0.1, 1], "atMost": [0, 0]},
    }
    assert numbers["queue"]["lengths"] == {"actions": 7}
    assert numbers["fraud"] == {
        "verdicts": {"pass": 10, "reject": 2, "quarantine": 1},
        "reasons": {"VELOCITY": 3},
    }
    assert numbers["requests"] == {"answered": 4, "refused": 2, "limited": 1, "failed": 1}
    assert numbers["listeners"]["fanOutSeconds"] == {
        "count": 0,
        "sum": 0,
        "bounds": [],
        "atMost": [],
    }
