"""Counts the outcomes of actions; written by the sending threads, read by the screen."""

import threading
from collections import Counter, deque
from dataclasses import dataclass

from local.demo.client import Answer

REMEMBERED_TIMES = 2_000


@dataclass(frozen=True)
class Snapshot:
    """The counts at one time; latencies in milliseconds, None before the first answer."""

    sent: int
    outcomes: dict[str, int]
    honest_refused: int
    retries: int
    p50_ms: float | None
    p95_ms: float | None


class Statistics:
    """Counts, protected by a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        self._seconds: deque[float] = deque(maxlen=REMEMBERED_TIMES)
        self._honest_refused = 0
        self._retries = 0

    def add(self, answer: Answer, *, honest: bool) -> None:
        """Count one action."""
        with self._lock:
            self._outcomes[answer.outcome] += 1
            self._seconds.append(answer.seconds)
            self._retries += answer.retries
            self._honest_refused += honest and not answer.outcome.startswith(("200", "202 pending"))

    def snapshot(self) -> Snapshot:
        """Return the current counts."""
        with self._lock:
            ordered = sorted(self._seconds)
            return Snapshot(
                sent=self._outcomes.total(),
                outcomes=dict(sorted(self._outcomes.items())),
                honest_refused=self._honest_refused,
                retries=self._retries,
                p50_ms=quantile_ms(ordered, 0.50),
                p95_ms=quantile_ms(ordered, 0.95),
            )


def quantile_ms(ordered: list[float], share: float) -> float | None:
    """Return the quantile of sorted seconds, in milliseconds, by nearest rank."""
    if not ordered:
        return None
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]
