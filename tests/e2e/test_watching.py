"""What an operator monitors: health, metrics of all processes, and the queues in Flower."""

import base64
import http.client
import json
import time
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.api import Api
from tests.e2e.stack import FLOWER_LOGIN, Stack
from tests.local.project import wait_for
from tests.web.live.client import Listener

PARTS = {
    *("database", "redis", "websocket", "authentication"),
    *("workers", "keeper", "checkpoints", "queueAge", "threads", "geolocation", "fraudPolicy"),
}
CHAIN = ("screen", "score", "refresh", "audit", "broadcast")
SETTLE_SECONDS = 10.0


def test_health_names_every_part(api: Api) -> None:
    health = api.get("/health")
    assert health.status == 200
    assert health.body["status"] == "ok"
    parts = health.body["parts"]
    assert set(parts) == PARTS
    assert all(part["ok"] is True and part["ms"] >= 0 for part in parts.values())
    assert api.get("/health/live").status == 200
    assert api.get("/health/ready").status == 200


def test_metrics_count_a_known_load_exactly_over_all_processes(stack: Stack) -> None:
    before = read_metrics(stack)
    players = []
    for _ in range(6):
        with stack.api() as one:
            players.append(one.register()["accessToken"])
    for number in range(30):
        with stack.api() as one:
            assert one.complete(players[number % 6], 10).status == 200
    for token in players[:4]:
        with stack.api() as one:
            assert one.complete(token, 1001).status == 403
    listeners = [
        Listener(stack.socket_url, [f"Authorization: Bearer {token}"]) for token in players[:3]
    ]
    expected = {
        "score_update_total": 30,
        "fraud_checks_total": 34,
        "action_completion_duration_seconds_count": 34,
        "websocket_connections_active": 3,
    }

    def grown() -> dict[str, float]:
        now = read_metrics(stack)
        return {name: now.get(name, 0) - before.get(name, 0) for name in expected}

    try:
        wait_for(lambda: grown() == expected, str(expected), lambda: str(grown()), SETTLE_SECONDS)
    finally:
        for listener in listeners:
            listener.raw.close()
    wait_for(
        lambda: grown()["websocket_connections_active"] == 0, "the sockets to be gone", seconds=10
    )


def test_metrics_have_the_names_of_the_specification_and_nothing_of_flower(stack: Stack) -> None:
    with stack.api() as one:
        names = {family.name for family in text_string_to_metric_families(one.get("/metrics").text)}
    assert names >= {
        "score_update",
        "action_completion_duration_seconds",
        "fraud_checks",
        "websocket_connections_active",
        "leaderboard_cache_hits",
        "laurel_pipeline_queue_age_seconds",
        "laurel_pipeline_batch_size",
        "laurel_pipeline_stage_seconds",
    }
    assert not {name for name in names if name.startswith("flower")}


def test_flower_shows_the_chain_of_an_action(stack: Stack, api: Api) -> None:
    assert api.complete(api.register()["accessToken"], 5).status == 200
    wanted = {f"workers.tasks.{link}_batch" for link in CHAIN}

    def shown() -> set[str]:
        tasks: dict[str, Any] = json.loads(ask_flower(stack, "/api/tasks?limit=200"))
        return {task["name"] for task in tasks.values() if task["state"] == "SUCCESS"}

    wait_for(lambda: shown() >= wanted, "the five links in Flower", lambda: str(shown()))
    expected = {"worker.1", "worker.2", "maintenance"}
    wait_for(lambda: workers_of(stack) == expected, str(expected), lambda: str(workers_of(stack)))
    assert "Flower" in ask_flower(stack, "/tasks")
    assert "maintenance" in ask_flower(stack, "/broker")
    assert ask_flower(stack, "/tasks", login=None, status=401)


def read_metrics(stack: Stack) -> dict[str, float]:
    """Return the sum over all labels of each sample."""
    sums: dict[str, float] = {}
    with stack.api() as one:
        for family in text_string_to_metric_families(one.get("/metrics").text):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def workers_of(stack: Stack) -> set[str]:
    """Return the names of the workers that Flower knows."""
    workers = json.loads(ask_flower(stack, "/api/workers?refresh=1"))
    return {name.partition("@")[0] for name in workers}


def ask_flower(
    stack: Stack, path: str, *, login: tuple[str, str] | None = FLOWER_LOGIN, status: int = 200
) -> str:
    """Return the answer of Flower, which may start later than the other processes."""
    headers = {}
    if login is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
    flower = http.client.HTTPConnection("127.0.0.1", stack.flower_port, timeout=15)
    deadline = time.monotonic() + 20
    try:
        while True:
            try:
                flower.request("GET", path, headers=headers)
                answer = flower.getresponse()
                text = answer.read().decode()
                assert answer.status == status, text[:500]
                return text
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "Flower does not answer"
                time.sleep(0.2)
    finally:
        flower.close()
