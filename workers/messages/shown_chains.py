"""Which chains Flower is shown: their events cost it more CPU time than anything else it does."""

import time
from collections.abc import Callable

SHOWN_IN_A_ROW = 20


class ShownChains:
    """Chooses the chains that Flower is shown: all of them while there are few.

    At most `per_second` on average and SHOWN_IN_A_ROW at once. `clock` is monotonic, in seconds.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic):
        self._per_second = per_second
        self._clock = clock
        self._left = float(SHOWN_IN_A_ROW)
        self._counted_at = clock()

    def choose(self) -> bool:
        """Return whether the chain that starts now is shown."""
        now = self._clock()
        gained = (now - self._counted_at) * self._per_second
        self._left = min(self._left + gained, SHOWN_IN_A_ROW)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
