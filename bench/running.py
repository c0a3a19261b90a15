"""Runs one arm: read counters, send the load, wait until it is processed, read again, check."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.arms import Arm, Target
from bench.costs.meter import Meter
from bench.counters import between, read_counters
from bench.generator.job import Job, Report
from bench.profiling import Profile
from bench.results import Measured, Memory
from bench.sent_log import SentLog, Verdict
from bench.setups import GENERATOR, SETUPS, Setup
from local.errors import LocalError
from rig.child import Child
from rig.processes import cpu_seconds, memory_bytes, spent_between
from rig.stack import Stack

# In addition to the measured seconds: its start, the lead, and the wait for the last answers.
MARGIN_SECONDS = 180.0
WARM_UP = Arm(name="warm-up", kind="each_once", connections=256, prefer="respond-async")
WARM_UP_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A running stack, and how its arms are measured.

    `root` is the folder of this project, the stack's own may be another commit's.
    """

    root: Path
    stack: Stack
    meter: Meter
    sent_log: SentLog
    players: Path
    seconds: float
    lead_seconds: float
    profile: Profile | None

    def memory(self) -> Memory:
        """Return the memory that the stack uses now."""
        return Memory(by_kind=memory_bytes(self.stack.process_kinds()))

    def warm_up(self, arm: Arm = WARM_UP) -> Verdict:
        """Complete one action of each player, so that rows and verified tokens exist.

        Raises LocalError when an action fails.
        """
        job = replace(make_job(self, arm), seconds=WARM_UP_SECONDS, lead_seconds=0.0)
        report, _ = self._load(arm, GENERATOR, job)
        self.sent_log.wait_until_drained()
        verdict = self.sent_log.judge(Path(job.sent_log))
        if not verdict.holds or set(report.statuses) - {"200", "202"}:
            raise LocalError(
                f"the warm-up failed with {report.statuses}, for example:\n  {report.unexpected}"
            )
        return verdict

    def measure(self, arm: Arm) -> Measured:
        """Measure one arm and check what became of its actions."""
        with SETUPS[arm.target](self.root, self.stack) as setup:
            roots = self.stack.process_kinds() | dict(setup.processes)
            counters, reading = read_counters(self.stack.port), self.meter.read()
            cpu = cpu_seconds(roots)
            job = replace(make_job(self, arm), port=setup.port)
            report, memory = self._load(arm, setup.command, job)
            drain_seconds = self.sent_log.wait_until_drained()
            spent = spent_between(cpu, cpu_seconds(roots)) | {"generator": report.cpu_seconds}
            return Measured(
                arm=arm,
                report=report,
                cpu_seconds=spent,
                memory=memory,
                costs=self.meter.costs_since(reading),
                drain_seconds=drain_seconds,
                verdict=self._judge(arm, setup, job, report),
                pipeline=between(counters, read_counters(self.stack.port)),
            )

    def _judge(self, arm: Arm, setup: Setup, job: Job, report: Report) -> Verdict | None:
        if setup.judge is not None:
            return setup.judge(report)
        if arm.target is Target.PRODUCT and arm.actions_per_request:
            return self.sent_log.judge(Path(job.sent_log))
        return None

    def _load(self, arm: Arm, command: tuple[str, ...], job: Job) -> tuple[Report, Memory]:
        """Run a generator; return its report, and the memory in the middle of the run."""
        with ExitStack() as running:
            generator = running.enter_context(Child(self.root, *command, env=self.stack.env))
            generator.send_line(json.dumps(asdict(job)))
            if self.profile is not None and arm.name != WARM_UP.name:
                running.enter_context(
                    self.profile.recording(self.stack.process_kinds(), arm.label, job.seconds)
                )
            generator.run_for(job.lead_seconds + min(job.seconds, self.seconds) / 2)
            memory = self.memory()
            report = generator.finish(job.seconds + MARGIN_SECONDS)
        return Report(**json.loads(report)), memory


def make_job(bench: Bench, arm: Arm) -> Job:
    """Return what a generator is to send for an arm."""
    return Job(
        kind=arm.kind,
        path=arm.path,
        port=bench.stack.port,
        players=str(bench.players),
        sent_log=str(bench.stack.home.folder / "sent.tsv"),
        connections=arm.connections,
        seconds=bench.seconds,
        lead_seconds=bench.lead_seconds,
        rate=arm.rate,
        batch_size=int(arm.actions_per_request),
        prefer=arm.prefer,
        with_country=arm.with_country,
        with_session=arm.with_session,
        expected=arm.expected,
    )
