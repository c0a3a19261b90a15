"""The results of a run, in the form that `--json` writes and the tables show."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bench.arms import Arm
from bench.costs.meter import Costs
from bench.counters import Pipeline
from bench.generator.job import Report
from bench.sent_log import Verdict

MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Proportional set sizes by kind of process, in bytes."""

    by_kind: dict[str, int]

    @property
    def megabytes(self) -> float:
        """Return the memory of the stack without Flower, which does none of its work."""
        stack = sum(size for kind, size in self.by_kind.items() if kind != "flower")
        return round(stack / MEGABYTE, 1)

    def as_json(self) -> dict[str, Any]:
        """Return the sizes in megabytes (1,000,000 bytes)."""
        kinds = sorted(self.by_kind.items())
        by_kind = {kind: round(size / MEGABYTE, 1) for kind, size in kinds}
        return {"stack_mb": self.megabytes, "by_kind_mb": by_kind}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The results of one arm."""

    arm: Arm
    report: Report
    cpu_seconds: dict[str, float]
    memory: Memory
    costs: Costs
    drain_seconds: float | None
    verdict: Verdict | None = None
    pipeline: Pipeline | None = None

    @property
    def requests_per_s(self) -> float:
        """Return the expected answers per second of the measured window."""
        return round(self.report.answered / self.report.seconds, 1)

    @property
    def actions_per_s(self) -> float:
        """Return the actions in the expected answers, per second."""
        return round(self.requests_per_s * self.arm.actions_per_request, 1)

    @property
    def mean_batch(self) -> str:
        """Return the mean number of actions in a batch; an empty string without batches."""
        if self.pipeline is None or not self.pipeline.batches:
            return ""
        return f"{self.pipeline.mean_batch:g}"

    @property
    def done(self) -> int:
        """Return the actions, or reads, of the whole run, lead and end included."""
        if self.verdict is not None:
            return self.verdict.acknowledged
        return sum(self.report.statuses.values())

    @property
    def cpu_us(self) -> dict[str, float]:
        """Return CPU microseconds by kind of process for an action (top10: a read)."""
        if not self.done:
            return {}
        return {kind: round(s / self.done * 1e6, 1) for kind, s in self.cpu_seconds.items()}

    @property
    def counts(self) -> dict[str, float]:
        """Return what an action (top10: a read) wrote, touched and sent in the stores."""
        return self.costs.per(self.done)

    @property
    def holds(self) -> bool:
        """Return whether no action was lost, doubled, left unfinished or unanswered."""
        if self.verdict is not None and not self.verdict.holds:
            return False
        return self.drain_seconds is not None and not self.report.unanswered

    def as_json(self) -> dict[str, Any]:
        """Return the arm as an entry of `arms`."""
        return {
            "name": self.arm.name,
            "connections": self.arm.connections,
            "requests_per_s": self.requests_per_s,
            "actions_per_s": self.actions_per_s,
            **{f"{name}_ms": value for name, value in self.report.latencies_ms.items()},
            "seconds": self.report.seconds,
            "rate": self.arm.rate,
            "statuses": self.report.statuses,
            "unanswered": self.report.unanswered,
            "send_delays_ms": self.report.delays_ms,
            "generator_cpu_share": self.report.cpu_share,
            "drain_s": None if self.drain_seconds is None else round(self.drain_seconds, 2),
            "cpu_us_per_action": self.cpu_us,
            "counts_per_action": self.counts,
            "memory": self.memory.as_json(),
            "pipeline": None if self.pipeline is None else asdict(self.pipeline),
            "check": None if self.verdict is None else asdict(self.verdict),
            "holds": self.holds,
        }


@dataclass(kw_only=True)
class Results:
    """The results of a whole run."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    rest: Memory = field(default_factory=lambda: Memory(by_kind={}))
    arms: list[Measured] = field(default_factory=list)
    violations: str | None = None  # of the invariants; None before they are checked

    @property
    def verified(self) -> bool | None:
        """Return whether every invariant holds, or None before that is known."""
        return None if self.violations is None else not self.violations

    @property
    def peak_megabytes(self) -> float:
        """Return the largest memory of all arms, in megabytes."""
        return max((arm.memory.megabytes for arm in self.arms), default=self.rest.megabytes)

    @property
    def ratios(self) -> dict[str, float]:
        """Return ratios between arms: unlike rates, they hardly depend on the machine."""
        rates = {(m.arm.name, m.arm.connections): m.actions_per_s for m in self.arms}
        control = next((rate for (name, _), rate in rates.items() if name == "control"), 0.0)
        single = rates.get(("single", 256))
        if not control or single is None:
            return {}
        return {"single_256_to_control": round(single / control, 1)}

    @property
    def holds(self) -> bool:
        """Return whether every check of every arm held."""
        return all(arm.holds for arm in self.arms) and self.verified is not False

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` writes."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "memory": {"rest": self.rest.as_json(), "peak_mb": self.peak_megabytes},
            "arms": [measured.as_json() for measured in self.arms],
            "ratios": self.ratios,
            "verified": self.verified,
            "holds": self.holds,
        }
