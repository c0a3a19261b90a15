"""What one process knows of who was seen with which device or address.

How many players a device has is believed for a while only if all of them in the batch are known: a
new one is counted at once. Then the pairs are read again, which those in use rely on: one that has
not been seen for long is written anew, or it would be forgotten as if nobody used it.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

MAX_KNOWN = 200_000
FRESH_SECONDS = 60.0

Pair = tuple[str, str]
"""A device or an address, and a player, as text."""


class KnownSightings:
    """Keeps pairs that are stored, and counts of players; thread-safe."""

    def __init__(
        self, *, limit: int = MAX_KNOWN, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._pairs: set[Pair] = set()
        self._counts: dict[str, tuple[int, float]] = {}

    def list_unknown(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Return the pairs that are to be read: new ones, and those whose count is old."""
        now = self._clock()
        with self._lock:
            unknown = {
                pair[0]
                for pair in pairs
                if pair not in self._pairs or self._counts.get(pair[0], (0, now))[1] <= now
            }
        return [pair for pair in pairs if pair[0] in unknown]

    def find_counts(self, pairs: Iterable[Pair]) -> dict[str, int]:
        """Return by device or address how many players it has, as far as that is known."""
        with self._lock:
            return {
                subject: self._counts[subject][0] for subject, _ in pairs if subject in self._counts
            }

    def learn(
        self, pairs: Sequence[Pair], *, new: Collection[Pair], counts: Mapping[str, int]
    ) -> None:
        """Remember pairs that were read, and the counts that were read with them.

        What is `new` may yet not be committed: it is read again.
        """
        until = self._clock() + FRESH_SECONDS
        changing = {subject for subject, _ in new}
        with self._lock:
            if len(self._pairs) + len(pairs) > self._limit:
                self._pairs.clear()
                self._counts.clear()
            for pair in pairs:
                if pair[0] not in changing and pair[0] in counts:
                    self._pairs.add(pair)
                    self._counts[pair[0]] = counts[pair[0]], until
