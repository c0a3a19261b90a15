"""The metrics of the API, and how `/metrics` collects those of all processes.

The pipeline's metrics are in `workers/metrics.py`, the sockets' in `web/live/metrics.py`; with
PROMETHEUS_MULTIPROC_DIR set, one answer has all of them.
"""

import os
import platform
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_flask_exporter import PrometheusMetrics

from domain.version import read_version
from web.http.errors import STATUS_BY_CODE
from web.http.operation import Operation
from web.http.request_context import measure_seconds
from web.server.flask_app import Api
from web.services import EXTENSION
from workers.metrics import watch_store

# Seconds from the request's arrival to its answer; 20 ms is an idle system, 2 s the default wait.
action_seconds = Histogram(
    "action_completion_duration_seconds",
    "Time from a posted action to its answer",
    buckets=(0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10),
)
batch_size = Histogram(
    "laurel_pipeline_batch_size",
    "Actions committed together",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
_cache_reads = Counter(
    "leaderboard_cache_hits_total", "Reads of the leaderboard's caches", ["cache", "result"]
)
_requests = Counter("laurel_http_requests_total", "Requests answered", ["endpoint", "status"])
_request_seconds = Histogram(
    "laurel_http_request_seconds",
    "Time from a request's arrival to its answer",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_build_info = Gauge(
    "laurel_build_info",
    "1, labelled with the versions of Laurel and of Python",
    ["version", "python"],
    multiprocess_mode="livemax",
)

top_hits = _cache_reads.labels("top", "hit")
top_misses = _cache_reads.labels("top", "miss")
user_hits = _cache_reads.labels("user", "hit")
user_misses = _cache_reads.labels("user", "miss")

Result = TypeVar("Result")

READ_TRIES = 5
READ_PAUSE_SECONDS = 0.02

_exporter = PrometheusMetrics.for_app_factory(path=None, export_defaults=False)
# Looking labels up takes a lock and several microseconds, so the child of each pair is kept.
_request_children: dict[tuple[str | None, int], tuple[Counter, Histogram]] = {}
# What the middleware and the framework answer, whatever the row says.
_COMMON_STATUSES = (200, 400, 401, 429, 500)


def register_metrics(app: Api) -> None:
    """Count and time every answer of this application, and watch the use of its stores."""
    watch_store(app.extensions[EXTENSION].store)
    _build_info.labels(read_version(), platform.python_version()).set(1)
    _start_at_zero(app.operations.values())
    app.observers.append(count_request)


def count_request(endpoint: str | None, status: int) -> None:
    """Count and time this answer by endpoint and status."""
    pair = (endpoint, status)
    counter, histogram = _request_children.get(pair) or _keep_children(pair)
    counter.inc()
    histogram.observe(measure_seconds())


def _keep_children(pair: tuple[str | None, int]) -> tuple[Counter, Histogram]:
    endpoint = pair[0] or "none"
    children = (_requests.labels(endpoint, str(pair[1])), _request_seconds.labels(endpoint))
    _request_children[pair] = children
    return children


def _start_at_zero(operations: Iterable[Operation]) -> None:
    """Show each answer that an endpoint may give: one that appears with its first event hides it
    from `increase()`.
    """
    for status in (404, 405):
        _keep_children((None, status))
    for operation in operations:
        refusals = {STATUS_BY_CODE[code] for code in operation.errors}
        for status in {*_COMMON_STATUSES, *operation.answers, *refusals}:
            _keep_children((operation.endpoint, status))


def export_metrics(accept: str | None, *, shared_folder: str) -> tuple[str, str]:
    """Return all metrics as text and its content type, summed over the processes.

    `shared_folder` is PROMETHEUS_MULTIPROC_DIR, empty when each process has only its own metrics.
    """
    if shared_folder:
        _forget_the_dead(Path(shared_folder))
    text, content_type = _read_patiently(lambda: _exporter.generate_metrics(accept))
    return text, content_type


def collect_metrics(*, shared_folder: str) -> list[Metric]:
    """Return all metrics with their samples, of the processes that `export_metrics` sums."""
    if not shared_folder:
        return list(REGISTRY.collect())
    _forget_the_dead(Path(shared_folder))
    collector = MultiProcessCollector(None, shared_folder)  # type: ignore[no-untyped-call]
    return _read_patiently(lambda: list(collector.collect()))  # type: ignore[no-untyped-call]


def _read_patiently(read: Callable[[], Result]) -> Result:
    """Return what is read of the files, also while a process is just making one."""
    for tries_left in reversed(range(READ_TRIES)):
        try:
            return read()
        except struct.error:
            # The library reads a file that another process has opened and not yet begun.
            if not tries_left:
                raise
            time.sleep(READ_PAUSE_SECONDS)
    raise AssertionError("the last try returns or raises")


def _forget_the_dead(folder: Path) -> None:
    """Remove the gauges of processes that have ended from the sums.

    No other code does it for a process that was killed together with its parent.
    """
    for left in folder.glob("gauge_live*_*.db"):
        if not _is_alive(int(left.stem.rpartition("_")[2])):
            left.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
