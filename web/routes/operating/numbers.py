"""The numbers of the service as one JSON object, made of the metrics of all processes; pure.

Counters are as they stand: who watches makes rates of them. Called by `ops.py`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import Metric
from prometheus_client.samples import Sample

from web.live.close_codes import CloseCode

# Who looks at the numbers is not a part of them.
OWN_ENDPOINT = "ops.numbers"
TOO_SLOW = str(int(CloseCode.TOO_SLOW))

Samples = Mapping[str, Sequence[Sample]]


def describe_numbers(metrics: Iterable[Metric]) -> dict[str, Any]:
    """Return the numbers by subject; bounded, because every label is of a list known beforehand."""
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for metric in metrics:
        for sample in metric.samples:
            samples[sample.name].append(sample)
    return {
        "actions": {
            "applied": _sum(samples, "score_update_total"),
            "answerSeconds": _histogram(samples, "action_completion_duration_seconds"),
            "held": _sum(samples, "laurel_held_actions"),
        },
        "batches": _histogram(samples, "laurel_pipeline_batch_size"),
        "stages": _histograms_by(samples, "laurel_pipeline_stage_seconds", "link"),
        "queue": {
            "ageSeconds": _sum(samples, "laurel_pipeline_queue_age_seconds"),
            "lengths": _by(samples, "laurel_queue_length", "queue"),
            "recoveries": _by(samples, "laurel_pipeline_recoveries_total", "remedy"),
        },
        "requests": _describe_requests(samples["laurel_http_requests_total"]),
        "listeners": {
            "open": _sum(samples, "websocket_connections_active"),
            "closed": _sum(samples, "laurel_websocket_connections_closed_total"),
            "tooSlow": _by(samples, "laurel_websocket_connections_closed_total", "code").get(
                TOO_SLOW, 0
            ),
            "fanOutSeconds": _histogram(samples, "laurel_websocket_fan_out_seconds"),
        },
        "caches": _describe_caches(samples["leaderboard_cache_hits_total"]),
        "fraud": {
            "verdicts": _by(samples, "fraud_checks_total", "verdict"),
            "reasons": _without_zeros(_by(samples, "fraud_checks_total", "reason")),
        },
        "redis": {
            "breakersOpen": _sum(samples, "laurel_redis_breakers_open"),
            "breakerOpenings": _sum(samples, "laurel_redis_breaker_openings_total"),
            "errors": _sum(samples, "laurel_redis_errors_total"),
        },
        "database": {
            "inUse": _by(samples, "laurel_database_pool_in_use", "pool"),
            "size": _by(samples, "laurel_database_pool_size", "pool"),
        },
        "backgroundFailures": _sum(samples, "laurel_background_failures_total"),
    }


def _sum(samples: Samples, name: str) -> float:
    return sum(sample.value for sample in samples.get(name, ()))


def _by(samples: Samples, name: str, label: str) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for sample in samples.get(name, ()):
        sums[sample.labels[label]] += sample.value
    return dict(sums)


def _without_zeros(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if name and number}


def _histogram(samples: Samples, name: str, **labels: str) -> dict[str, Any]:
    """Return count, sum, and how many were at most each of the bounds, which ascend."""
    found = [
        sample
        for suffix in ("bucket", "sum")
        for sample in samples.get(f"{name}_{suffix}", ())
        if all(sample.labels[label] == value for label, value in labels.items())
    ]
    buckets = sorted((float(s.labels["le"]), s.value) for s in found if "le" in s.labels)
    return {
        "count": buckets[-1][1] if buckets else 0.0,
        "sum": sum(sample.value for sample in found if "le" not in sample.labels),
        "bounds": [bound for bound, _ in buckets if not math.isinf(bound)],
        "atMost": [count for bound, count in buckets if not math.isinf(bound)],
    }


def _histograms_by(samples: Samples, name: str, label: str) -> dict[str, Any]:
    values = dict.fromkeys(sample.labels[label] for sample in samples.get(f"{name}_sum", ()))
    return {value: _histogram(samples, name, **{label: value}) for value in values}


def _describe_requests(samples: Iterable[Sample]) -> dict[str, float]:
    """Return all answers, those of 400 to 499, of 429 among them, and those of 500 and above."""
    sums = {"answered": 0.0, "refused": 0.0, "limited": 0.0, "failed": 0.0}
    for sample in samples:
        if sample.labels["endpoint"] == OWN_ENDPOINT:
            continue
        status = int(sample.labels["status"])
        sums["answered"] += sample.value
        sums["refused"] += sample.value if 400 <= status < 500 else 0
        sums["limited"] += sample.value if status == 429 else 0
        sums["failed"] += sample.value if status >= 500 else 0
    return sums


def _describe_caches(samples: Iterable[Sample]) -> dict[str, dict[str, float]]:
    caches: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for sample in samples:
        caches[sample.labels["cache"]][sample.labels["result"]] = sample.value
    return dict(caches)
