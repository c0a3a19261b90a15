"""`python -m bench.floors.rows`: one connection writes batches of final rows, one after the other.

A process with the job and report of the HTTP generator, and without any of the product's code.
"""

import json
import os
import sys
import time
import uuid
from dataclasses import asdict
from itertools import count
from pathlib import Path

import psycopg2

from bench.floors.row_statement import write_statement
from bench.floors.row_tables import read_columns
from bench.generator.job import Job, Report
from bench.generator.percentiles import percentiles_ms
from rig.actions import Actions
from rig.players import read_players


def main() -> None:
    """Run the job and print its report."""
    job = Job(**json.loads(sys.stdin.readline()))
    players, _ = read_players(Path(job.players))
    users = [player.user_id for player in players]
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    statement = write_statement(read_columns(connection))
    actions, numbers = Actions(), count(1)
    latencies: list[float] = []
    batches = 0
    cpu, started = time.process_time(), time.perf_counter()
    opens_at = started + job.lead_seconds
    closes_at = opens_at + job.seconds
    with connection.cursor() as cursor:
        while (begun := time.perf_counter()) < closes_at:
            cursor.execute(statement, _parameters(actions, users, numbers, job.batch_size))
            batches += 1
            if opens_at <= time.perf_counter() <= closes_at:
                latencies.append(time.perf_counter() - begun)
    used, ran = time.process_time() - cpu, time.perf_counter() - started
    connection.close()
    report = Report(
        seconds=job.seconds,
        answered=len(latencies),
        latencies_ms=percentiles_ms(latencies),
        statuses={"200": batches},
        unanswered=0,
        cpu_seconds=round(used, 3),
        cpu_share=round(used / ran, 3),
    )
    json.dump(asdict(report), sys.stdout)


def _parameters(
    actions: Actions, users: list[str], numbers: "count[int]", size: int
) -> dict[str, object]:
    """Return a batch of actions of random players."""
    entries = [actions.make(actions.pick(len(users)))[1] for _ in range(size)]
    drawn = [next(numbers) for _ in entries]
    return {
        "ids": _literal([entry[0] for entry in entries]),
        "users": _literal([users[entry[1]] for entry in entries]),
        "scores": _literal([str(entry[2]) for entry in entries]),
        "numbers": _literal([str(number) for number in drawn]),
        "batch_id": str(uuid.uuid4()),
        "last_no": drawn[-1],
    }


def _literal(values: list[str]) -> str:
    return f"{{{','.join(values)}}}"


if __name__ == "__main__":
    main()
