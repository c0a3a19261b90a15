"""The words between the bench and its generators: a job as JSON in, a report as JSON out."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a generator shall do; `kind` is single, each_once, batch or top10."""

    kind: str
    port: int
    players: str  # a file: user id and token a line, the last line that of a game server
    ledger: str  # the file to write: action id, user id, score, last status a line
    connections: int
    seconds: float
    lead_seconds: float
    rate: float | None = None
    batch_size: int = 0
    prefer: str = ""
    expected: int = 200  # the status of an answer that counts


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a generator saw. Latencies in milliseconds are those of the expected answers."""

    seconds: float
    answered: int  # expected answers inside the measured window
    latencies_ms: dict[str, float]
    statuses: dict[str, int]  # of the whole run; 0 = connection broken
    unanswered: int
    cpu_seconds: float
    cpu_share: float
    delays_ms: dict[str, float] = field(default_factory=dict)
    strange: str = ""
