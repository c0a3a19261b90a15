"""The benchmark as a whole, one second per arm: it measures, checks, and removes its stack."""

import time
from pathlib import Path

import pytest

from bench.arms import NAMES, choose
from bench.reporting.grids import COUNTS
from bench.sessions import Plan, open_bench
from local.supervision.process_groups import identity
from tests.databases import ROOT

PLAYERS = 30
CLEARING_SECONDS = 10.0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("bench")
def test_arms_are_measured_on_a_separate_stack_and_every_action_is_found(tmp_path: Path) -> None:
    plan = Plan(root=ROOT, folder=tmp_path, players=PLAYERS, seconds=1.0, lead_seconds=0.1)
    with open_bench(plan, ROOT) as bench:
        assert bench.warm_up().acknowledged == PLAYERS
        single, asynchronous, batch, top10, floor_http, floor_rows, control = (
            choose([name])[-1] for name in NAMES if name != "open_loop"
        )
        for arm in (single, asynchronous, batch):
            measured = bench.measure(arm)
            assert measured.holds, measured
            assert measured.verdict is not None
            assert measured.verdict.acknowledged == measured.verdict.applied > 0
            assert measured.pipeline is not None
            assert measured.pipeline.batches > 0
            kinds = {"api", "worker", "postgres", "valkey", "keeper", "live", "flower", "generator"}
            assert kinds <= measured.cpu_seconds.keys()
            assert kinds - {"generator"} <= measured.memory.by_kind.keys()
            assert all(measured.counts[name] > 0 for name in COUNTS)
        assert bench.measure(top10).report.statuses.keys() == {"200"}
        view = bench.measure(floor_http)
        assert view.report.statuses.keys() == {"200"}
        assert view.cpu_seconds["floor"] > 0
        for _ in range(2):  # a second round begins with new tables
            rows = bench.measure(floor_rows)
            assert rows.holds, rows
            assert rows.counts["heap_tuples"] >= 2
            ordinary = bench.measure(control)
            assert ordinary.holds, ordinary
            assert ordinary.cpu_seconds["control"] > 0
        assert bench.stack.find_violations() == ""
        ran = list(bench.stack.process_kinds())
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + CLEARING_SECONDS
    while left := [pid for pid in ran if identity(pid) is not None]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
