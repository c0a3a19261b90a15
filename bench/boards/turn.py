"""Lets a season of many players end, and another begin, while actions arrive at one rate."""

import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg2.extensions
from rich.console import Console

from bench.arms import choose
from bench.boards.install import make_boards
from bench.boards.population import insert_rows, turn_season
from bench.boards.probe import Probed, probe
from bench.boards.sizes import wait_for_sets
from bench.costs.statistics import connect_superuser
from bench.generator.job import Report
from bench.running import MARGIN_SECONDS, Bench, make_job
from bench.scale.run import ACTING, populate
from bench.sent_log import Verdict
from bench.sessions import Plan, open_bench
from bench.setups import GENERATOR
from local.errors import LocalError
from rig.child import Child
from rig.draining import wait_until
from rig.players import Player, read_players

ENDING, BEGINNING = "ending", "beginning"
START, FAR, FARTHER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2090, 2091))
BEFORE_SECONDS, AFTER_SECONDS = 15, 60
GENERATOR_START_SECONDS = 4
WARM_UP_SECONDS = 3.0
PROBE_SECONDS = 30.0
SEAL_SECONDS = 600.0
SLICE_SECONDS = 1.0
_SEAL = """
SELECT extract(epoch FROM s.sealed_at), s.row_count FROM ranking_seals s
JOIN rankings n USING (ranking_no) WHERE n.version_no = %s AND s.revision = 1
"""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What happened around the end of a season; all times are seconds since then."""

    players: int
    probed: Probed
    sealed_seconds: float
    sealed_rows: int
    at_slice: int  # the slice of the report that began with the turn
    report: Report
    is_drained: bool
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Return whether every action was applied once, and the new period was seen."""
        whole = self.is_drained and not self.report.unanswered and self.sealed_rows >= self.players
        return whole and self.verdict.holds and self.probed.is_complete


def measure_turn(plan: Plan, size: int, console: Console) -> Turn:
    """Measure the turn; raises LocalError when the stack does not start or nothing is sealed."""
    few = replace(plan, players=min(ACTING, size))
    with open_bench(few, plan.root) as bench:
        acting, _ = read_players(bench.players)
        versions = make_boards(
            bench.stack, [_season(ENDING, START, FAR), _season(BEGINNING, FAR, FARTHER)]
        )
        populate(bench, size)
        connection = connect_superuser(bench.stack)
        try:
            version = versions[ENDING]
            insert_rows(connection, version=version, period="season", bounds=(START, FAR))
            wait_for_sets(bench.stack, 1)
            (arm,) = choose(["open_loop"])
            replace(bench, seconds=WARM_UP_SECONDS).measure(arm)
            console.print(f"{size:,} players are there; the season ends in {BEFORE_SECONDS} s ...")
            return _turn(bench, connection, versions, acting[0], size)
        finally:
            connection.close()


def _turn(
    bench: Bench,
    connection: psycopg2.extensions.connection,
    versions: dict[str, int],
    player: Player,
    size: int,
) -> Turn:
    (arm,) = choose(["open_loop"])
    job = replace(
        make_job(bench, arm), seconds=BEFORE_SECONDS + AFTER_SECONDS, slice_seconds=SLICE_SECONDS
    )
    with Child(bench.root, *GENERATOR, env=bench.stack.env) as generator:
        generator.send_line(json.dumps(asdict(job)))
        at = int(time.time()) + GENERATOR_START_SECONDS + BEFORE_SECONDS
        turn_season(
            connection,
            ending=versions[ENDING],
            beginning=versions[BEGINNING],
            at=datetime.fromtimestamp(at, UTC),
        )
        generator.run_for(at - time.time() - 1)
        probed = probe(
            bench.stack.port, player.token, board=BEGINNING, at=at, until=at + PROBE_SECONDS
        )
        sealed_at, rows = _wait_for_seal(connection, versions[ENDING])
        report = Report(**json.loads(generator.finish(job.seconds + MARGIN_SECONDS)))
    is_drained = bench.sent_log.wait_until_drained() is not None
    _append(Path(job.sent_log), player, probed)
    return Turn(
        players=size,
        probed=probed,
        sealed_seconds=round(sealed_at - at, 2),
        sealed_rows=rows,
        at_slice=round(at - report.opened_at),
        report=report,
        is_drained=is_drained,
        verdict=bench.sent_log.judge(Path(job.sent_log)),
    )


def _wait_for_seal(connection: psycopg2.extensions.connection, version: int) -> tuple[float, int]:
    """Return when the season was sealed, in seconds since 1970, and its rows."""
    with connection.cursor() as cursor:

        def is_sealed() -> bool:
            cursor.execute(_SEAL, (version,))
            return bool(cursor.rowcount)

        if wait_until(is_sealed, timeout_seconds=SEAL_SECONDS) is None:
            raise LocalError(f"the season was not sealed after {SEAL_SECONDS:g} s.")
        sealed_at, rows = cursor.fetchone() or (0.0, 0)
    return float(sealed_at), int(rows)


def _append(sent_log: Path, player: Player, probed: Probed) -> None:
    """Add the probe's actions to what the generator has sent."""
    with sent_log.open("a") as file:
        for (action_id, _, score), status in probed.sent:
            file.write(f"{action_id}\t{player.user_id}\t{score}\t{status}\n")


def _season(name: str, start: datetime, end: datetime) -> dict[str, object]:
    bounds = {"start": start.isoformat(), "end": end.isoformat()}
    return {"id": name, "period": {"kind": "season", **bounds}}
