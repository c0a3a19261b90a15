"""The benchmark as a whole, one second per arm: it measures, checks, and removes its stack."""

import time
from pathlib import Path

import pytest

from bench.arms import choose
from bench.running import Bench
from bench.sent_log import open_sent_log
from local.supervision.process_groups import identity
from rig.players import write_players
from rig.stack import running_stack
from tests.databases import ROOT

PLAYERS = 30
CLEARING_SECONDS = 10.0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("bench")
def test_arms_are_measured_on_a_separate_stack_and_every_action_is_found(tmp_path: Path) -> None:
    with running_stack(ROOT, tmp_path) as stack, open_sent_log(stack.database_url) as sent_log:
        bench = Bench(
            stack=stack,
            sent_log=sent_log,
            players=write_players(stack, PLAYERS),
            seconds=1.0,
            lead_seconds=0.1,
            profile=None,
        )
        assert bench.warm_up().acknowledged == PLAYERS
        single, asynchronous, batch, top10, control = (
            choose([name])[-1] for name in ("single", "async", "batch", "top10", "control")
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
        assert bench.measure(top10).report.statuses.keys() == {"200"}
        ordinary = bench.measure_control(control)
        assert ordinary.holds, ordinary
        assert ordinary.cpu_seconds["control"] > 0
        ran = list(stack.process_kinds())
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + CLEARING_SECONDS
    while left := [pid for pid in ran if identity(pid) is not None]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
