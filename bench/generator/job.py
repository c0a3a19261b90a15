"""The messages between the benchmark and its generators: a job in, a report out, as JSON."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a generator sends; `kind` is one of `bench.generator.__main__`, or rows or control."""

    kind: str
    port: int
    path: str = ""  # of the kind "get"; {userId} is a random player's
    players: str  # a file, see rig.players
    sent_log: str  # the file to write: action id, user id, score, last status a line
    connections: int
    seconds: float
    lead_seconds: float
    rate: float | None = None
    batch_size: int = 0
    prefer: str = ""
    with_country: bool = False  # see `rig.actions.Actions`
    with_session: bool = False  # the metadata of a batch's actions name play sessions
    slice_seconds: float = 0.0  # the length of the report's slices; 0: none
    expected: int = 200  # the status of the answers that are measured


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a generator measured; the latencies, in milliseconds, are of expected answers only."""

    seconds: float
    answered: int  # expected answers inside the measured window
    latencies_ms: dict[str, float]
    statuses: dict[str, int]  # answers of the whole run by status; 0 is a broken connection
    unanswered: int
    cpu_seconds: float
    cpu_share: float
    opened_at: float = 0.0  # when the window opened, in seconds since 1970
    delays_ms: dict[str, float] = field(default_factory=dict)
    slices: list[dict[str, float]] = field(default_factory=list)  # latencies by time of answer
    unexpected: str = ""  # the beginning of the first answer with another status
