"""Runs one arm: reads what there is, loads, waits until all is done, reads again, and judges."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.arms import Arm
from bench.control.schema import count_applied, make_tables
from bench.control.workers import running_workers
from bench.counters import between, read_counters
from bench.generator.job import Job, Report
from bench.profiling import Profile
from bench.reconciliation import Ledger, Verdict
from bench.results import Measured, Memory
from local.errors import LocalError
from local.supervision.lifeline import tie_to_parent
from local.supervision.procfile import worker_count
from rig.processes import cpu_seconds, memory_bytes, spent_between
from rig.stack import Stack

GENERATOR = ("bench.generator",)
# Beyond the measured seconds: the start, the lead, and waiting for the last answers.
PATIENCE_SECONDS = 180.0
WARM_UP = Arm(name="warm-up", kind="each_once", connections=256, prefer="respond-async")
WARM_UP_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every arm is measured with."""

    stack: Stack
    ledger: Ledger
    players: Path
    seconds: float
    lead_seconds: float
    profile: Profile | None

    @property
    def roots(self) -> dict[int, str]:
        """Return the processes of the stack by kind."""
        return {self.stack.launcher: "launcher"} | self.stack.process_ids()

    def memory(self) -> Memory:
        """Return what the stack occupies now."""
        return Memory(by_kind=memory_bytes(self.roots))

    def warm_up(self) -> Verdict:
        """Let each player act once: rows and verified tokens are there when it counts.

        Raises LocalError when an action fails.
        """
        job = replace(_job(self, WARM_UP), seconds=WARM_UP_SECONDS, lead_seconds=0.0)
        report, _ = self._load(WARM_UP, GENERATOR, job)
        self.ledger.wait_until_done()
        verdict = self.ledger.judge(Path(job.ledger))
        if not verdict.holds or set(report.statuses) - {"200", "202"}:
            raise LocalError(
                f"the warm-up was answered {report.statuses}, for instance:\n  {report.strange}"
            )
        return verdict

    def measure(self, arm: Arm) -> Measured:
        """Measure an arm of HTTP requests."""
        roots = self.roots
        counters, cpu = read_counters(self.stack.port), cpu_seconds(roots)
        job = _job(self, arm)
        report, memory = self._load(arm, GENERATOR, job)
        drain_seconds = self.ledger.wait_until_done()
        spent = spent_between(cpu, cpu_seconds(roots)) | {"generator": report.cpu_seconds}
        return Measured(
            arm=arm,
            report=report,
            cpu_seconds=spent,
            memory=memory,
            drain_seconds=drain_seconds,
            verdict=self.ledger.judge(Path(job.ledger)) if arm.actions_per_request else None,
            pipeline=between(counters, read_counters(self.stack.port)),
        )

    def measure_control(self, arm: Arm) -> Measured:
        """Measure the ordinary chain on the same stores, with as many workers as the product."""
        count = worker_count(self.stack.env)
        make_tables(self.stack.database_url)
        with running_workers(self.stack, count) as workers:
            roots = self.roots | dict.fromkeys(workers, "control")
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
        """Run a generator to its end; return its report, and the memory in the middle of it."""
        with ExitStack() as running:
            generator = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.stack.root,
                env=dict(self.stack.env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                preexec_fn=tie_to_parent(signal.SIGKILL),
            )
            running.callback(generator.wait)
            running.callback(generator.kill)
            _hand_over(generator, job)
            if self.profile is not None and arm is not WARM_UP:
                running.enter_context(self.profile.recording(self.roots, arm.label, job.seconds))
            _wait(generator, job.lead_seconds + min(job.seconds, self.seconds) / 2)
            memory = self.memory()
            said = generator.communicate(timeout=job.seconds + PATIENCE_SECONDS)[0]
        if generator.returncode != 0:
            raise LocalError(f"the generator of '{arm.label}' failed: see its words above.")
        return Report(**json.loads(said)), memory


def _job(bench: Bench, arm: Arm) -> Job:
    return Job(
        kind=arm.kind,
        port=bench.stack.port,
        players=str(bench.players),
        ledger=str(bench.stack.home.folder / "ledger.tsv"),
        connections=arm.connections,
        seconds=bench.seconds,
        lead_seconds=bench.lead_seconds,
        rate=arm.rate,
        batch_size=arm.actions_per_request,
        prefer=arm.prefer,
        expected=arm.expected,
    )


def _hand_over(generator: "subprocess.Popen[bytes]", job: Job) -> None:
    assert generator.stdin is not None
    generator.stdin.write(json.dumps(asdict(job)).encode())
    generator.stdin.close()
    generator.stdin = None


def _wait(generator: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let a generator run for so long; its report is short enough to wait in the pipe."""
    try:
        generator.wait(seconds)
    except subprocess.TimeoutExpired:
        return


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
