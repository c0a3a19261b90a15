"""Whether something still grows: the first third of the settled time against the last; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# The time in which caches, pools and allocators fill; a third of a short soak.
SETTLE_SECONDS = 180.0
SETTLE_SHARE = 1 / 3
FEWEST_POINTS = 6


@dataclass(frozen=True)
class Allowance:
    """What a series may grow and is still flat: a share of what it was, and so much more."""

    share: float
    absolute: float


@dataclass(frozen=True)
class Trend:
    """The medians of the first and the last third of the settled time."""

    first: float
    last: float
    is_flat: bool


def settled_from(seconds: float) -> float:
    """Return when a soak of so many seconds counts as settled."""
    return min(SETTLE_SECONDS, seconds * SETTLE_SHARE)


def trend_of(
    points: Sequence[tuple[float, float]], *, settled_at: float, allowance: Allowance
) -> Trend | None:
    """Return the trend of `(at, value)` points, or None when too few are settled."""
    values = [value for at, value in points if at >= settled_at]
    if len(values) < FEWEST_POINTS:
        return None
    third = len(values) // 3
    first, last = median(values[:third]), median(values[-third:])
    most = first * (1 + allowance.share) + allowance.absolute
    return Trend(first=round(first, 2), last=round(last, 2), is_flat=last <= most)
