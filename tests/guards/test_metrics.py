"""Rules for every metric: its name, its line in the docs, and that its labels start at 0."""

import ast
import re
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, Metric

from domain.fraud.checks.table import CHECKS, REASONS
from tests.factories import make_settings
from web.app import create_app
from web.live.close_codes import CloseCode
from web.live.history.resuming import Outcome
from web.live.metrics import RESYNC_CAUSES
from web.routes.table import OPERATIONS

ROOT = Path(__file__).parents[2]
SPECIFIED = {
    "score_update",
    "action_completion_duration_seconds",
    "fraud_checks",
    "websocket_connections_active",
    "leaderboard_cache_hits",
}
LIBRARIES = ("python_", "process_", "flask_")


@pytest.fixture(scope="module")
def own_metrics() -> dict[str, Metric]:
    """The metrics of the API, the live process and the workers, by name."""
    create_app(make_settings())
    return {
        metric.name: metric
        for metric in REGISTRY.collect()
        if not metric.name.startswith(LIBRARIES)
    }


def list_labels(metric: Metric, label: str) -> set[str]:
    return {sample.labels[label] for sample in metric.samples}


def test_names_are_the_specification_s_or_begin_with_the_product(
    own_metrics: dict[str, Metric],
) -> None:
    assert own_metrics.keys() >= SPECIFIED
    assert {name for name in own_metrics if not name.startswith("laurel_")} == SPECIFIED


def test_every_metric_is_in_the_docs(own_metrics: dict[str, Metric]) -> None:
    table = (ROOT / "docs" / "operations.md").read_text()
    names = {
        f"{name}_total" if metric.type == "counter" else name
        for name, metric in own_metrics.items()
    }
    assert {name for name in names if not re.search(rf"`{name}[`{{]", table)} == set()


def test_every_label_starts_at_0(own_metrics: dict[str, Metric]) -> None:
    labels = {
        ("fraud_checks", "reason"): {*REASONS, ""},
        ("laurel_pipeline_stage_seconds", "link"): {
            *("screen", "score", "refresh", "audit", "broadcast")
        },
        ("laurel_pipeline_recoveries", "remedy"): {"resubmit", "run", "isolate"},
        ("laurel_websocket_resyncs", "cause"): set(RESYNC_CAUSES),
        ("laurel_websocket_resumes", "outcome"): {outcome.value for outcome in Outcome},
        ("laurel_websocket_connections_closed", "code"): {str(int(code)) for code in CloseCode},
        ("laurel_http_request_seconds", "endpoint"): {row.endpoint for row in OPERATIONS},
        ("laurel_http_requests", "endpoint"): {row.endpoint for row in OPERATIONS},
        ("leaderboard_cache_hits", "result"): {"hit", "miss"},
    }
    for (name, label), known in labels.items():
        assert list_labels(own_metrics[name], label) >= known, name


def test_without_labels_no_counter_is_left(own_metrics: dict[str, Metric]) -> None:
    assert {name for name, metric in own_metrics.items() if not metric.samples} <= {
        # Filled where there is something to count: each thread, queue, cause and code.
        "laurel_background_failures",
        "laurel_broker_messages_dropped",
        "laurel_redis_errors",
        "laurel_queue_length",
    }


def test_the_reasons_are_those_that_the_checks_give() -> None:
    for check in CHECKS:
        module = sys.modules[check.run.__module__]
        given = {
            call.args[1].value
            for call in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
            if isinstance(call, ast.Call)
            and ast.unparse(call.func) == "Finding"
            and isinstance(call.args[1], ast.Constant)
        }
        assert given == set(check.reasons), check.name
