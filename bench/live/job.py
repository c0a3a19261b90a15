"""The messages between the benchmark and its listeners: a job in, a report out, as JSON."""

from dataclasses import dataclass, field

READY = "ready"
"""Printed by the listeners when all of them are connected."""
END = "end"
"""Sent to the listeners when they are to report and leave, once all of them are connected."""


@dataclass(frozen=True, kw_only=True)
class LiveJob:
    """Who listens. Each listener is a player of its own.

    Without `players`, a file, they are nobody's and only read what comes: for nchan.
    """

    port: int
    path: str = "/ws"
    players: str = ""
    sockets: int
    stalled: int = 0  # how many more subscribe and then never read
    scores: str = ""  # a file to write: user id, and the last score that the listener was told


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """What the listeners saw; `holes` are events that did not follow on from the one before."""

    connect_seconds: float
    frames: int
    frame_bytes: int
    # By score of the probing player: when each listener had it, in seconds since 1970.
    seen: dict[str, list[float]] = field(default_factory=dict)
    # Milliseconds from the first listener's having a frame to the last one's.
    spreads_ms: dict[str, float] = field(default_factory=dict)
    recovered: int = 0
    restarted: int = 0  # subscriptions answered by a snapshot after a loss
    holes: int = 0
    hole: str = ""  # the first one
    # Seconds from a lost connection to the answer about the last of its channels.
    back_seconds: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    open_at_end: int = 0
    cpu_seconds: float = 0.0
