"""A client's clock, as the ages of its actions show it: a steady offset, or one that jumps."""

AGREES_MS = 3_000
"""How far ages of a steady clock lie apart: the network's delay is in them."""

KNOWN_AFTER = 5
"""Agreeing observations after which an offset is believed."""

FLUSH_MS = 2_000
"""Actions closer together come from a queue that was offline: their ages say how long it was."""

_MOST_AGREEING = 40
_MOST_DEVIATION_MS = 60_000


class Clock:
    """What is known of one device's clock; all integers, so that they fit into few bytes.

    An age is the time of intake less the client's time. `offset_ms` is the usual age;
    `deviation_ms` the usual distance from it, and `disorder` the share (of 1000) of actions whose
    time was before that of the one before, both weighted towards the newest.
    """

    __slots__ = (
        "agreeing",
        "deviation_ms",
        "device",
        "disorder",
        "last_ms",
        "latest_ms",
        "observed",
        "offset_ms",
    )

    def __init__(
        self,
        device: int,
        last_ms: int = 0,
        latest_ms: int = 0,
        observed: int = 0,
        agreeing: int = 0,
        offset_ms: int = 0,
        deviation_ms: int = 0,
        disorder: int = 0,
    ) -> None:
        self.device = device
        self.last_ms = last_ms
        self.latest_ms = latest_ms
        self.observed = observed
        self.agreeing = agreeing
        self.offset_ms = offset_ms
        self.deviation_ms = deviation_ms
        self.disorder = disorder

    @property
    def is_known(self) -> bool:
        """Whether the offset has been steady for some actions."""
        return self.agreeing >= KNOWN_AFTER

    def observe(self, accepted_ms: int, timestamp_ms: int) -> None:
        """Learn from one action, the server's time and the client's."""
        age_ms = accepted_ms - timestamp_ms
        if not self.observed:
            self.offset_ms, self.agreeing = age_ms, 1
        elif accepted_ms - self.last_ms >= FLUSH_MS:
            self._learn(age_ms, timestamp_ms)
        self.last_ms, self.latest_ms = accepted_ms, timestamp_ms
        if self.observed < 1000:
            self.observed += 1

    def _learn(self, age_ms: int, timestamp_ms: int) -> None:
        change = age_ms - self.offset_ms
        distance = min(abs(change), _MOST_DEVIATION_MS)
        self.deviation_ms += (distance - self.deviation_ms) * 3 // 20
        backwards = 1000 if timestamp_ms < self.latest_ms - 1000 else 0
        self.disorder += (backwards - self.disorder) * 3 // 20
        if distance <= AGREES_MS:
            self.offset_ms += change // 5
            if self.agreeing < _MOST_AGREEING:
                self.agreeing += 1
            return
        # One late action does not unmake what many have shown.
        self.agreeing //= 2
        if not self.agreeing:
            self.offset_ms, self.agreeing = age_ms, 1
