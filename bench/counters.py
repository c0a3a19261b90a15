"""Batch sizes and link times of the product: the difference of two readings of /metrics."""

import http.client
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from local.errors import LocalError
from local.ports import LOOPBACK

ANSWER_SECONDS = 10.0
# Without the prefix, which commits of the project before 1.0 do not write.
PREFIX = "laurel_"
BATCHES = "pipeline_batch_size"
LINKS = "pipeline_stage_seconds"
RECOVERIES = "pipeline_recoveries_total"

Counters = Mapping[tuple[str, str], float]
"""Values by sample name and value of the first label."""


def read_counters(port: int) -> Counters:
    """Return the counters that the benchmark uses; LocalError when /metrics cannot be read."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise LocalError(f"/metrics does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise LocalError(f"/metrics answered {answer.status}.")
    return parse_counters(text)


def parse_counters(text: str) -> Counters:
    """Return the counters that the benchmark uses from the text of /metrics."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removeprefix(PREFIX)
            if name.startswith((BATCHES, LINKS, RECOVERIES)):
                label = next(iter(sample.labels.values()), "")
                if not name.startswith(LINKS) or "le" not in sample.labels:
                    found[name, label] += sample.value
    return dict(found)


@dataclass(frozen=True)
class Pipeline:
    """The work of the pipeline between two readings."""

    batches: int
    mean_batch: float
    at_most: str  # the bucket of the histogram that holds the largest batch
    link_ms: dict[str, float]
    recoveries: int


def between(before: Counters, after: Counters) -> Pipeline:
    """Return the work between two readings."""
    grown = {key: value - before.get(key, 0.0) for key, value in after.items()}
    batches = grown.get((f"{BATCHES}_count", ""), 0.0)
    actions = grown.get((f"{BATCHES}_sum", ""), 0.0)
    return Pipeline(
        batches=int(batches),
        mean_batch=round(actions / batches, 1) if batches else 0.0,
        at_most=_upper_bound(grown, batches),
        link_ms=_link_ms(grown),
        recoveries=int(sum(value for (name, _), value in grown.items() if name == RECOVERIES)),
    )


def _upper_bound(grown: Counters, batches: float) -> str:
    """Return the smallest bucket that holds all batches: buckets are cumulative."""
    bounds = [
        (float(bound), bound)
        for (name, bound), value in grown.items()
        if name == f"{BATCHES}_bucket" and batches and value >= batches
    ]
    return min(bounds)[1] if bounds else ""


def _link_ms(grown: Counters) -> dict[str, float]:
    """Return the mean time of each link in milliseconds, by its name."""
    runs = {link: value for (name, link), value in grown.items() if name == f"{LINKS}_count"}
    return {
        link: round(grown[f"{LINKS}_sum", link] / count * 1000, 2)
        for link, count in runs.items()
        if count
    }
