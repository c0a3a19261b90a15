"""What runs beside the stack while an arm is measured, and how its actions are checked.

One entry for each target of an arm; called by `bench.running`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from bench.arms import ROWS_BATCH_SIZE, Target
from bench.control.schema import count_applied, make_tables
from bench.control.workers import running_workers
from bench.floors.http_server import running_server
from bench.floors.row_tables import count_written, make_row_tables
from bench.generator.job import Report
from bench.sent_log import Verdict
from local.supervision.procfile import worker_count
from rig.stack import Stack

GENERATOR = ("bench.generator",)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The command that sends the load, the processes it is sent to, and the check afterwards."""

    command: tuple[str, ...] = GENERATOR
    port: int
    processes: Mapping[int, str] = field(default_factory=dict)  # beside the stack's
    judge: Callable[[Report], Verdict] | None = None


@contextmanager
def product(root: Path, stack: Stack) -> Iterator[Setup]:
    """The stack itself; the sent log is its check."""
    yield Setup(port=stack.port)


@contextmanager
def control(root: Path, stack: Stack) -> Iterator[Setup]:
    """As many workers as the product has, on the same stores."""
    count = worker_count(stack.env)
    make_tables(stack.database_url)
    with running_workers(root, stack, count) as workers:
        yield Setup(
            command=("bench.control", str(count)),
            port=stack.port,
            processes=dict.fromkeys(workers, "control"),
            judge=lambda report: _judge(
                sum(report.statuses.values()), report, count_applied(stack.database_url)
            ),
        )


@contextmanager
def floor_http(root: Path, stack: Stack) -> Iterator[Setup]:
    """The product's server with a view that does nothing."""
    with running_server(root, stack) as (pid, port):
        yield Setup(port=port, processes={pid: "floor"})


@contextmanager
def floor_rows(root: Path, stack: Stack) -> Iterator[Setup]:
    """PostgreSQL alone, with copies of the product's tables."""
    connection = psycopg2.connect(stack.database_url)
    connection.autocommit = True
    try:
        make_row_tables(connection)
        yield Setup(
            command=("bench.floors.rows",),
            port=stack.port,
            judge=lambda report: _judge(
                ROWS_BATCH_SIZE * sum(report.statuses.values()), report, count_written(connection)
            ),
        )
    finally:
        connection.close()


SETUPS: Mapping[Target, Callable[[Path, Stack], AbstractContextManager[Setup]]] = {
    Target.PRODUCT: product,
    Target.CONTROL: control,
    Target.FLOOR_HTTP: floor_http,
    Target.FLOOR_ROWS: floor_rows,
}


def _judge(acknowledged: int, report: Report, counts: tuple[int, int, int]) -> Verdict:
    applied, recorded, difference = counts
    return Verdict(
        acknowledged=acknowledged,
        applied=applied,
        lost=max(acknowledged - applied, 0),
        refused_but_kept=0,
        changed=0,
        doubled=max(recorded - applied, 0),
        unknown=report.unanswered,
        wrong_scores=abs(difference),
    )
