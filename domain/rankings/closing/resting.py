"""Rankings that could not be sealed rest for a while, so that those behind them have their turn."""

import time
from collections.abc import Callable

# What keeps a ranking from being sealed is still so a second later.
REST_SECONDS = 60.0


class RestingRankings:
    """The rankings that failed lately; used by one thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._until: dict[int, float] = {}

    def add(self, ranking_no: int) -> None:
        """Let the ranking rest for REST_SECONDS."""
        self._until[ranking_no] = self._clock() + REST_SECONDS

    def list(self) -> list[int]:
        """Return the rankings that rest now."""
        now = self._clock()
        self._until = {number: until for number, until in self._until.items() if now < until}
        return [*self._until]
