"""What was measured, in the shape that `--json` writes and the table shows."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bench.arms import Arm
from bench.counters import Pipeline
from bench.generator.job import Report
from bench.reconciliation import Verdict

MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Proportional set sizes by kind, in bytes; Flower is not part of the product's work."""

    by_kind: dict[str, int]

    @property
    def megabytes(self) -> float:
        """The whole stack's memory without Flower's."""
        stack = sum(size for kind, size in self.by_kind.items() if kind != "flower")
        return round(stack / MEGABYTE, 1)

    def as_json(self) -> dict[str, Any]:
        """Return megabytes of a million bytes."""
        kinds = sorted(self.by_kind.items())
        by_kind = {kind: round(size / MEGABYTE, 1) for kind, size in kinds}
        return {"stack_mb": self.megabytes, "by_kind_mb": by_kind}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One arm, measured."""

    arm: Arm
    report: Report
    cpu_seconds: dict[str, float]
    memory: Memory
    drain_seconds: float | None
    verdict: Verdict | None = None
    pipeline: Pipeline | None = None

    @property
    def requests_per_s(self) -> float:
        """Expected answers a second of the measured window."""
        return round(self.report.answered / self.report.seconds, 1)

    @property
    def actions_per_s(self) -> float:
        """Actions in the expected answers, a second."""
        return round(self.requests_per_s * self.arm.actions_per_request, 1)

    @property
    def mean_batch(self) -> str:
        """Actions committed together, on average; nothing where the product committed none."""
        if self.pipeline is None or not self.pipeline.batches:
            return ""
        return f"{self.pipeline.mean_batch:g}"

    @property
    def done(self) -> int:
        """Units of work of the whole run, lead and end included: actions, or reads."""
        if self.verdict is not None:
            return self.verdict.acknowledged
        return sum(self.report.statuses.values())

    @property
    def cpu_seconds_per_1000(self) -> dict[str, float]:
        """CPU seconds by kind of process for 1,000 actions (reads for top10)."""
        if not self.done:
            return {}
        return {kind: round(s / self.done * 1000, 4) for kind, s in self.cpu_seconds.items()}

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, left undone or unanswered."""
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
            "cpu_s_per_1000": self.cpu_seconds_per_1000,
            "memory": self.memory.as_json(),
            "pipeline": None if self.pipeline is None else asdict(self.pipeline),
            "check": None if self.verdict is None else asdict(self.verdict),
            "holds": self.holds,
        }


@dataclass(kw_only=True)
class Results:
    """A whole run of the bench."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    rest: Memory
    arms: list[Measured] = field(default_factory=list)
    verified: bool | None = None

    @property
    def peak_megabytes(self) -> float:
        """The most memory that was seen during an arm."""
        return max((arm.memory.megabytes for arm in self.arms), default=self.rest.megabytes)

    @property
    def ratios(self) -> dict[str, float]:
        """How arms compare: unlike rates, these do not depend on the machine's mood."""
        rates = {(m.arm.name, m.arm.connections): m.actions_per_s for m in self.arms}
        control = next((rate for (name, _), rate in rates.items() if name == "control"), 0.0)
        single = rates.get(("single", 256))
        if not control or single is None:
            return {}
        return {"single_256_to_control": round(single / control, 1)}

    @property
    def holds(self) -> bool:
        """Whether every check of every arm held."""
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
