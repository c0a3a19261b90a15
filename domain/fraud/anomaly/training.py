"""Training, pure: a model of the features of many actions."""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf, log, nextafter

from domain.fraud.anomaly.model import FEATURES, Model

BINS = 20
LEAST_ROWS = 1_000

_MOST_SURPRISE = 8.0
_OUTER_SHARE = 0.005


def train(rows: Sequence[Sequence[float]]) -> Model:
    """Return the model of these actions' features, each row in the order of `FEATURES`.

    Actions that moderators have found to be fraud should be left out; some that nobody has found do
    no harm, because only what most actions are like is learned. Raises ValueError when there are
    fewer than 1,000.
    """
    if len(rows) < LEAST_ROWS:
        raise ValueError(f"{len(rows)} actions are too few to train on: {LEAST_ROWS} are needed")
    columns = [list(column) for column in zip(*rows, strict=True)]
    edges = tuple(_cut(sorted(column)) for column in columns)
    surprise = tuple(_weigh(column, cuts) for column, cuts in zip(columns, edges, strict=True))
    model = Model(FEATURES, edges, surprise, 0.0, 1.0, len(rows))
    totals = sorted(map(model.add_up, rows))
    usual = totals[int(0.99 * len(totals))]
    middle = totals[len(totals) // 2]
    return Model(FEATURES, edges, surprise, usual, usual + max(1.0, usual - middle), len(rows))


def _cut(ordered: Sequence[float]) -> tuple[float, ...]:
    """Return where bins end: of equal width for 99 %, one on either side for the rest.

    What is outside all that was seen has two more.
    """
    last = len(ordered) - 1
    low = ordered[int(_OUTER_SHARE * last)]
    high = ordered[int((1 - _OUTER_SHARE) * last)]
    width = (high - low) / BINS
    inner = [low + width * number for number in range(BINS)] if width > 0 else [low]
    edges = {ordered[0], *inner, nextafter(high, inf), nextafter(ordered[-1], inf)}
    return tuple(sorted(edges))


def _weigh(column: Sequence[float], edges: Sequence[float]) -> tuple[float, ...]:
    """Return the surprise of each bin: -ln of its count against the fullest one's."""
    counts = [0] * (len(edges) + 1)
    for value in column:
        counts[bisect_right(edges, value)] += 1
    most = max(counts)
    return tuple(min(_MOST_SURPRISE, -log((count + 0.5) / (most + 0.5))) for count in counts)
