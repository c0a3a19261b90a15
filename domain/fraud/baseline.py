"""A baseline, pure: what actions of one type are like over all players.

Made anew from stored actions by the keeper; the checks compare a player's actions with it.
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
    score_q999: float
    rate_median: float | None = None
    rate_q999: float | None = None
    interval_q01: float | None = None
    interval_median: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there were actions enough."""
        return self.actions >= KNOWN_AFTER

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Baseline":
        """Return the baseline of a JSON object; raises ValueError when it is none."""
        try:
            baseline = cls(**value)
        except TypeError as error:
            raise ValueError(f"no baseline: {error}") from None
        optional = {"rate_median", "rate_q999", "interval_q01", "interval_median"}
        for name, number in value.items():
            if number is None and name in optional:
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
    scores.sort()
    rates.sort()
    intervals.sort()
    median = ln_of(_quantile(scores, 0.5))
    distances = sorted(abs(ln_of(score) - median) for score in scores)
    return Baseline(
        actions=len(scores),
        ln_median=median,
        ln_mad=_quantile(distances, 0.5),
        score_median=_quantile(scores, 0.5),
        score_q999=_quantile(scores, 0.999),
        rate_median=_quantile(rates, 0.5) if len(rates) >= KNOWN_AFTER else None,
        rate_q999=_quantile(rates, 0.999) if len(rates) >= KNOWN_AFTER else None,
        interval_q01=_quantile(intervals, 0.01) if len(intervals) >= KNOWN_AFTER else None,
        interval_median=_quantile(intervals, 0.5) if len(intervals) >= KNOWN_AFTER else None,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of the ordered values does not exceed (nearest rank)."""
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])
