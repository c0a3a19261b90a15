"""`python -m bench.generator`: one run over HTTP; reads a job from stdin, prints a report."""

import gc
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from bench.generator.connection import Pool, now
from bench.generator.job import Job, Report
from bench.generator.loops import Outcome, run_closed, run_open
from bench.generator.percentiles import percentiles_ms, sliced_ms
from bench.generator.traffic import Alternating, Batches, Ranks, Reads, SentLog, Singles, Traffic
from local.ports import LOOPBACK
from rig.players import Player, read_players


def main() -> None:
    """Run the job and print its report."""
    job = Job(**json.loads(sys.stdin.readline()))
    players, service = read_players(Path(job.players))
    traffic = make_traffic(job, players, service)
    pool = Pool((LOOPBACK, job.port), job.connections)
    gc.freeze()
    gc.disable()  # nothing here creates cycles, and a pause would be measured as latency
    cpu, started, opened_at = time.process_time(), now(), time.time() + job.lead_seconds
    if job.rate is None:
        outcome = run_closed(pool, traffic, lead_seconds=job.lead_seconds, seconds=job.seconds)
    else:
        outcome = run_open(
            pool, traffic, rate=job.rate, lead_seconds=job.lead_seconds, seconds=job.seconds
        )
    used, ran = time.process_time() - cpu, now() - started
    pool.close()
    write_sent_log(Path(job.sent_log), traffic.sent_log, players)
    unexpected = traffic.unexpected[:500].decode(errors="replace")
    report = make_report(job, outcome, used, ran, unexpected)
    json.dump(asdict(replace(report, opened_at=opened_at)), sys.stdout)


def make_traffic(job: Job, players: list[Player], service: Player) -> Traffic:
    """Return the traffic that the job asks for: its kind is single, each_once, batch, top10, get,
    rank (look-ups of all players) or ranked (each single followed by a look-up).
    """
    host = f"{LOOPBACK}:{job.port}"
    acting = [player for player in players if player.token]
    if job.kind == "batch":
        return Batches(
            host,
            players,
            token=service.token,
            size=job.batch_size,
            prefer=job.prefer,
            with_country=job.with_country,
            with_session=job.with_session,
        )
    if job.kind == "top10":
        return Reads(host, acting, path="/api/leaderboard")
    if job.kind == "get" and "{userId}" in job.path:
        return Ranks(host, players, token=acting[0].token, path=job.path)
    if job.kind == "get":
        return Reads(host, acting, path=job.path)
    if job.kind == "rank":
        return Ranks(host, players, token=acting[0].token)
    singles = Singles(
        host,
        acting,
        prefer=job.prefer,
        each_once=job.kind == "each_once",
        with_country=job.with_country,
    )
    if job.kind == "ranked":
        return Alternating(singles, Ranks(host, players, token=acting[0].token))
    return singles


def make_report(
    job: Job, outcome: Outcome, cpu_seconds: float, ran_seconds: float, unexpected: str
) -> Report:
    """Return the report of a run."""
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
        slices=sliced_ms(outcome.answered_at, job.slice_seconds),
        unexpected=unexpected,
    )


def write_sent_log(path: Path, sent_log: SentLog, players: list[Player]) -> None:
    """Write every action that was sent in the text format of PostgreSQL's COPY."""
    with path.open("w") as file:
        for action_id, player, score, status in sent_log:
            file.write(f"{action_id}\t{players[player].user_id}\t{score}\t{status}\n")


if __name__ == "__main__":
    main()
