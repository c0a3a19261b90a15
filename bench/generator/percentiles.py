"""Percentiles by nearest rank; used by the generators."""

import math
from collections.abc import Iterable

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}


def percentiles_ms(seconds: Iterable[float]) -> dict[str, float]:
    """Return p50, p95, p99 and max in milliseconds; an empty dict when there are no values."""
    ranked = sorted(seconds)
    if not ranked:
        return {}
    return {name: round(nearest_rank(ranked, share) * 1000, 2) for name, share in SHARES.items()}


def sliced_ms(
    answers: Iterable[tuple[float, float]], slice_seconds: float
) -> list[dict[str, float]]:
    """Return the percentiles of each slice of time; `answers` are times and latencies, in seconds.

    Empty when `slice_seconds` is 0; a slice without answers is an empty dict.
    """
    if not slice_seconds:
        return []
    slices: dict[int, list[float]] = {}
    for at, seconds in answers:
        slices.setdefault(int(at // slice_seconds), []).append(seconds)
    return [percentiles_ms(slices.get(number, ())) for number in range(max(slices, default=-1) + 1)]


def nearest_rank(ranked: list[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed."""
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]
