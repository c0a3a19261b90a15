"""A baseline, pure: what actions of one type are like over all players.

Made of stored actions by the keeper; the checks compare a player's actions with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite, log
from typing import Any, NamedTuple

from domain.fraud.habit import ln_of

KNOWN_AFTER = 500
"""Actions of a type after which everybody's scores say something."""


class BaselineRow(NamedTuple):
    """One stored action; `interval_ms` is since the player's action before, None for the first."""

    score: int
    duration_ms: float | None
    interval_ms: float | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What actions of one type are like; None where too few actions say it.

    `ln_median` and `ln_mad` (median absolute deviation) are of ln(1 + score), `rate_…` of score per
    second of duration, `interval_…` of ln(milliseconds since the player's action before).
    """

    actions: int
    ln_median: float
    ln_mad: float
    score_median: float
    score_q99: float
    rate_median: float | None = None
    rate_q999: float | None = None
    interval_q01: float | None = None
    interval_median: float | None = None
    interval_mad: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there were actions enough."""
        return self.actions >= KNOWN_AFTER

    def measure(self, value: float) -> float:
        """Return how many deviations a value of ln(1 + score) is above the median.

        1.4826 MAD of a normal distribution are its standard deviation, which has a floor here.
        """
        return (value - self.ln_median) / max(0.15, 1.4826 * self.ln_mad)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "Baseline":
        """Return the baseline of a JSON object; raises ValueError when it is none."""
        if not isinstance(value, Mapping):
            raise ValueError("no baseline: not an object")
        try:
            baseline = cls(**value)
        except TypeError as error:
            raise ValueError(f"no baseline: {error}") from None
        for name, number in value.items():
            if number is None and name.startswith(("rate_", "interval_")):
                continue
            if type(number) not in (int, float) or not isfinite(number):
                raise ValueError(f"no baseline: {name} is no number")
        return baseline


def baseline_of(rows: Iterable[BaselineRow]) -> Baseline | None:
    """Return the baseline of these actions of one type, None without any."""
    scores: list[int] = []
    rates: list[float] = []
    intervals: list[float] = []
    for score, duration_ms, interval_ms in rows:
        scores.append(score)
        if duration_ms is not None and isfinite(duration_ms) and duration_ms > 0:
            rates.append(score * 1000 / duration_ms)
        if interval_ms is not None and isfinite(interval_ms) and interval_ms >= 1:
            intervals.append(log(interval_ms))
    if not scores:
        return None
    values = sorted(map(ln_of, scores))
    median = _quantile(values, 0.5)
    scores.sort()
    return Baseline(
        len(scores),
        median,
        _measure_mad(values, median),
        _quantile(scores, 0.5),
        _quantile(scores, 0.99),
        *_describe_rates(sorted(rates)),
        *_describe_intervals(sorted(intervals)),
    )


def _describe_rates(rates: Sequence[float]) -> tuple[float | None, float | None]:
    if len(rates) < KNOWN_AFTER:
        return None, None
    return _quantile(rates, 0.5), _quantile(rates, 0.999)


def _describe_intervals(
    intervals: Sequence[float],
) -> tuple[float | None, float | None, float | None]:
    if len(intervals) < KNOWN_AFTER:
        return None, None, None
    median = _quantile(intervals, 0.5)
    return _quantile(intervals, 0.01), median, _measure_mad(intervals, median)


def _measure_mad(values: Iterable[float], median: float) -> float:
    """Return the median absolute deviation."""
    return _quantile(sorted(abs(value - median) for value in values), 0.5)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of the ordered values does not exceed (nearest rank)."""
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])
