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


def nearest_rank(ranked: list[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed."""
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]
