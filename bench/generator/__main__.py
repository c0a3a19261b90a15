"""`python -m bench.generator`: one run over HTTP, from the job on stdin to the report on stdout."""

import gc
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.generator.job import Job, Report
from bench.generator.loops import Outcome, run_closed, run_open
from bench.generator.percentiles import percentiles_ms
from rig.connection import Pool, now
from rig.traffic import Batches, Player, Reads, Singles

HOST = "127.0.0.1"


def main() -> None:
    """Run the job and report."""
    job = Job(**json.load(sys.stdin))
    players = [
        Player(*line.split("\t")) for line in Path(job.players).read_text().splitlines() if line
    ]
    traffic = make_traffic(job, players)
    pool = Pool((HOST, job.port), job.connections)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a pause would look like the server's
    cpu, started = time.process_time(), now()
    if job.rate is None:
        outcome = run_closed(pool, traffic, lead_seconds=job.lead_seconds, seconds=job.seconds)
    else:
        outcome = run_open(
            pool, traffic, rate=job.rate, lead_seconds=job.lead_seconds, seconds=job.seconds
        )
    used, ran = time.process_time() - cpu, now() - started
    pool.close()
    write_ledger(Path(job.ledger), traffic.ledger, players)
    strange = traffic.strange[:500].decode(errors="replace")
    json.dump(asdict(make_report(job, outcome, used, ran, strange)), sys.stdout)


def make_traffic(job: Job, players: list[Player]) -> Singles | Batches | Reads:
    """Return what the job wants to be sent."""
    host = f"{HOST}:{job.port}"
    *ordinary, service = players
    if job.kind == "batch":
        return Batches(host, ordinary, token=service.token, size=job.batch_size, prefer=job.prefer)
    if job.kind == "top10":
        return Reads(host, ordinary, path="/api/leaderboard")
    return Singles(host, ordinary, prefer=job.prefer, each_once=job.kind == "each_once")


def make_report(
    job: Job, outcome: Outcome, cpu_seconds: float, ran_seconds: float, strange: str
) -> Report:
    """Return the numbers of a run."""
    good = outcome.latencies.get(job.expected, [])
    return Report(
        seconds=outcome.measured_seconds,
        answered=len(good),
        latencies_ms=percentiles_ms(good),
        statuses={str(status): count for status, count in sorted(outcome.statuses.items())},
        unanswered=outcome.unanswered,
        cpu_seconds=round(cpu_seconds, 3),
        cpu_share=round(cpu_seconds / ran_seconds, 3),
        delays_ms=percentiles_ms(outcome.delays),
        strange=strange,
    )


def write_ledger(
    path: Path, ledger: list[tuple[str, int, int, int]], players: list[Player]
) -> None:
    """Write every action that was sent, in the form that PostgreSQL's COPY reads."""
    with path.open("w") as file:
        for action_id, player, score, status in ledger:
            file.write(f"{action_id}\t{players[player].user_id}\t{score}\t{status}\n")


if __name__ == "__main__":
    main()
