"""Runs one arm: read counters, send the load, wait until it is processed, read again, check."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.arms import Arm
from bench.control.schema import count_applied, make_tables
from bench.control.workers import running_workers
from bench.counters import between, read_counters
from bench.generator.job import Job, Report
from bench.profiling import Profile
from bench.results import Measured, Memory
from bench.sent_log import SentLog, Verdict
from local.errors import LocalError
from local.supervision.procfile import worker_count
from rig.child import Child
from rig.processes import cpu_seconds, memory_bytes, spent_between
from rig.stack import Stack

GENERATOR = ("bench.generator",)
# In addition to the measured seconds: its start, the lead, and the wait for the last answers.
MARGIN_SECONDS = 180.0
WARM_UP = Arm(name="warm-up", kind="each_once", connections=256, prefer="respond-async")
WARM_UP_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A running stack, and how its arms are measured."""

    stack: Stack
    sent_log: SentLog
    players: Path
    seconds: float
    lead_seconds: float
    profile: Profile | None

    def memory(self) -> Memory:
        """Return the memory that the stack uses now."""
        return Memory(by_kind=memory_bytes(self.stack.process_kinds()))

    def warm_up(self) -> Verdict:
        """Complete one action of each player, so that rows and verified tokens exist.

        Raises LocalError when an action fails.
        """
        job = replace(_job(self, WARM_UP), seconds=WARM_UP_SECONDS, lead_seconds=0.0)
        report, _ = self._load(WARM_UP, GENERATOR, job)
        self.sent_log.wait_until_drained()
        verdict = self.sent_log.judge(Path(job.sent_log))
        if not verdict.holds or set(report.statuses) - {"200", "202"}:
            raise LocalError(
                f"the warm-up failed with {report.statuses}, for example:\n  {report.unexpected}"
            )
        return verdict

    def measure(self, arm: Arm) -> Measured:
        """Measure an arm of HTTP requests."""
        roots = self.stack.process_kinds()
        counters, cpu = read_counters(self.stack.port), cpu_seconds(roots)
        job = _job(self, arm)
        report, memory = self._load(arm, GENERATOR, job)
        drain_seconds = self.sent_log.wait_until_drained()
        spent = spent_between(cpu, cpu_seconds(roots)) | {"generator": report.cpu_seconds}
        return Measured(
            arm=arm,
            report=report,
            cpu_seconds=spent,
            memory=memory,
            drain_seconds=drain_seconds,
            verdict=self.sent_log.judge(Path(job.sent_log)) if arm.actions_per_request else None,
            pipeline=between(counters, read_counters(self.stack.port)),
        )

    def measure_control(self, arm: Arm) -> Measured:
        """Measure the control on the same stores, with as many workers as the product."""
        count = worker_count(self.stack.env)
        make_tables(self.stack.database_url)
        with running_workers(self.stack, count) as workers:
            roots = self.stack.process_kinds() | dict.fromkeys(workers, "control")
            command = ("bench.control", str(count))
            cpu = cpu_seconds(roots)
            report, memory = self._load(arm, command, _job(self, arm))
            spent = spent_between(cpu, cpu_seconds(roots)) | {"generator": report.cpu_seconds}
        return Measured(
            arm=arm,
            report=report,
            cpu_seconds=spent,
            memory=memory,
            drain_seconds=0.0,
            verdict=_judge_control(report, count_applied(self.stack.database_url)),
        )

    def _load(self, arm: Arm, command: tuple[str, ...], job: Job) -> tuple[Report, Memory]:
        """Run a generator; return its report, and the memory in the middle of the run."""
        with ExitStack() as running:
            generator = running.enter_context(Child(self.stack.root, *command, env=self.stack.env))
            generator.send_line(json.dumps(asdict(job)))
            if self.profile is not None and arm is not WARM_UP:
                running.enter_context(
                    self.profile.recording(self.stack.process_kinds(), arm.label, job.seconds)
                )
            generator.run_for(job.lead_seconds + min(job.seconds, self.seconds) / 2)
            memory = self.memory()
            report = generator.finish(job.seconds + MARGIN_SECONDS)
        return Report(**json.loads(report)), memory


def _job(bench: Bench, arm: Arm) -> Job:
    return Job(
        kind=arm.kind,
        port=bench.stack.port,
        players=str(bench.players),
        sent_log=str(bench.stack.home.folder / "sent.tsv"),
        connections=arm.connections,
        seconds=bench.seconds,
        lead_seconds=bench.lead_seconds,
        rate=arm.rate,
        batch_size=arm.actions_per_request,
        prefer=arm.prefer,
        expected=arm.expected,
    )


def _judge_control(report: Report, counts: tuple[int, int, int]) -> Verdict:
    applied, audited, difference = counts
    acknowledged = sum(report.statuses.values())
    return Verdict(
        acknowledged=acknowledged,
        applied=applied,
        lost=max(acknowledged - applied, 0),
        refused_but_kept=0,
        changed=0,
        doubled=max(audited - applied, 0),
        unknown=report.unanswered,
        wrong_scores=abs(difference),
    )
