"""Sends single actions at a constant rate for minutes, and samples the stack meanwhile."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg2
import redis
from rich.console import Console

from bench.arms import choose
from bench.generator.job import Report
from bench.running import MARGIN_SECONDS, Bench, make_job
from bench.sent_log import Verdict
from bench.sessions import Plan, open_bench
from bench.setups import GENERATOR
from bench.soak.sampling import Sample, Sampler
from rig.child import Child

SAMPLE_SECONDS = 5.0
ARM = "open_loop"


@dataclass(frozen=True, kw_only=True)
class Soak:
    """The samples of a soak, the latencies of each slice of SAMPLE_SECONDS, and the checks."""

    seconds: float
    rate: float
    samples: Sequence[Sample]
    report: Report
    verdict: Verdict
    is_drained: bool
    violations: str

    @property
    def holds(self) -> bool:
        """Return whether every action was applied once, and every invariant holds."""
        whole = self.is_drained and not self.report.unanswered and not self.violations
        return whole and self.verdict.holds


def soak(plan: Plan, minutes: float, console: Console) -> Soak:
    """Run the load; raises LocalError when the stack does not start."""
    (arm,) = choose([ARM])
    seconds = minutes * 60
    with open_bench(plan, plan.root) as bench:
        bench.warm_up()
        console.print(f"{arm.rate:g} actions a second for {minutes:g} minutes ...")
        job = replace(make_job(bench, arm), seconds=seconds, slice_seconds=SAMPLE_SECONDS)
        samples: list[Sample] = []
        with (
            _open_sampler(bench) as sampler,
            Child(bench.root, *GENERATOR, env=bench.stack.env) as generator,
        ):
            generator.send_line(json.dumps(asdict(job)))
            while not samples or samples[-1].at < job.lead_seconds + seconds - SAMPLE_SECONDS:
                generator.run_for(SAMPLE_SECONDS)
                samples.append(sampler.sample())
            report = Report(**json.loads(generator.finish(MARGIN_SECONDS)))
        return Soak(
            seconds=seconds,
            rate=arm.rate or 0.0,
            samples=samples,
            report=report,
            is_drained=bench.sent_log.wait_until_drained() is not None,
            verdict=bench.sent_log.judge(Path(job.sent_log)),
            violations=bench.stack.find_violations(),
        )


@contextmanager
def _open_sampler(bench: Bench) -> Iterator[Sampler]:
    connection = psycopg2.connect(bench.stack.database_url)
    connection.autocommit = True
    client = redis.Redis.from_url(bench.stack.env["REDIS_URL"])
    try:
        yield Sampler(bench.stack, connection, client)
    finally:
        connection.close()
        client.close()
