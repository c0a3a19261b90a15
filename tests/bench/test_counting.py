"""The product's counters, percentiles, and the form of the results."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.arms import ARMS, NAMES, choose
from bench.costs.meter import Costs
from bench.counters import between, parse_counters
from bench.generator.job import Report
from bench.generator.percentiles import percentiles_ms
from bench.machine import describe_machine
from bench.reporting.markdown import write_markdown
from bench.results import Measured, Memory, Results
from bench.sent_log import Verdict
from bench.standard import describe_arms

REPORT = Report(
    seconds=2.0,
    answered=500,
    latencies_ms={"p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0},
    statuses={"200": 1000},
    unanswered=0,
    cpu_seconds=0.1,
    cpu_share=0.05,
)
COSTS = Costs(
    wal_bytes=2_500_000,
    heap_tuples=7_000,
    index_entries=9_000,
    row_locks=3_000,
    blocks=80_000,
    statements=440,
    commits=110,
    redis_commands=11_000,
    messages=70,
)
MACHINE = describe_machine(Path.cwd())
VERDICT = Verdict(1000, 1000, 0, 0, 0, 0, 0, 0)


def measured(name: str, connections: int, **changes: object) -> Measured:
    """Return an arm of a thousand actions, five hundred of them in two measured seconds."""
    arm = next(arm for arm in ARMS if (arm.name, arm.connections) == (name, connections))
    values: dict[str, object] = {
        "arm": arm,
        "report": REPORT,
        "cpu_seconds": {"api": 0.5},
        "memory": Memory(by_kind={"api": 10_000_000, "flower": 7_000_000}),
        "costs": COSTS,
        "drain_seconds": 0.1,
        "verdict": VERDICT,
    }
    return Measured(**{**values, **changes})  # type: ignore[arg-type]  # a factory for tests


def metrics(sizes: list[int], recoveries: int) -> str:
    """Return the text of /metrics after batches of these sizes."""
    lines = ["# TYPE laurel_pipeline_batch_size histogram"]
    for bound in ("1.0", "10.0", "100.0", "+Inf"):
        below = sum(1 for size in sizes if size <= float(bound))
        lines.append(f'laurel_pipeline_batch_size_bucket{{le="{bound}"}} {below}')
    lines += [
        f"laurel_pipeline_batch_size_count {len(sizes)}",
        f"laurel_pipeline_batch_size_sum {sum(sizes)}",
    ]
    lines += ["# TYPE laurel_pipeline_stage_seconds histogram"]
    lines += [f'laurel_pipeline_stage_seconds_bucket{{le="+Inf",link="refresh"}} {len(sizes)}']
    lines += [f'laurel_pipeline_stage_seconds_count{{link="refresh"}} {len(sizes)}']
    lines += [f'laurel_pipeline_stage_seconds_sum{{link="refresh"}} {len(sizes) * 0.002}']
    lines += ["# TYPE laurel_pipeline_recoveries counter"]
    lines += [f'laurel_pipeline_recoveries_total{{remedy="run"}} {recoveries}']
    return "\n".join([*lines, ""])


def test_commits_that_name_their_metrics_without_a_prefix_are_counted_too() -> None:
    text = metrics([50, 1], 1)
    assert parse_counters(text.replace("laurel_", "")) == parse_counters(text) != {}


def test_batches_and_links_are_counted_between_two_readings() -> None:
    before, after = metrics([50, 1], 1), metrics([50, 1, 6, 8], 3)
    pipeline = between(parse_counters(before), parse_counters(after))
    assert (pipeline.batches, pipeline.mean_batch, pipeline.at_most) == (2, 7.0, "10.0")
    assert pipeline.link_ms == {"refresh": 2.0}
    assert pipeline.recoveries == 2


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (100, 50, 99)])
def test_percentiles_are_by_nearest_rank(count: int, p50: int, p99: int) -> None:
    found = percentiles_ms(number / 1000 for number in range(count, 0, -1))
    assert (found["p50"], found["p99"], found["max"]) == (p50, p99, count)


def test_no_answer_has_no_percentile() -> None:
    assert percentiles_ms([]) == {}


def test_rates_and_cost_are_per_measured_second_and_per_acknowledged_action() -> None:
    arm = measured("single", 64)
    assert (arm.requests_per_s, arm.actions_per_s) == (250.0, 250.0)
    assert arm.cpu_us == {"api": 500.0}
    assert arm.counts["wal_bytes"] == 2_500
    assert arm.counts["messages"] == 0.07
    assert measured("batch", 16).actions_per_s == 25_000.0


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": replace(VERDICT, lost=1)},
        {"drain_seconds": None},
        {"report": replace(REPORT, unanswered=1)},
    ],
)
def test_an_arm_with_a_fault_does_not_hold(changes: dict[str, object]) -> None:
    assert measured("single", 1).holds
    assert not measured("single", 1, **changes).holds


def test_results_are_json_with_the_promised_names() -> None:
    slow = measured("control", 64, report=replace(REPORT, answered=10))
    results = Results(
        machine={"cores": 2},
        settings={},
        rest=Memory(by_kind={"api": 1_000_000}),
        arms=[measured("single", 256), slow],
        violations="",
    )
    written = json.loads(json.dumps(results.as_json()))
    assert written["ratios"] == {"single_256_to_control": 50.0}
    assert written["memory"]["peak_mb"] == 10.0
    promised = {"name", "connections", "requests_per_s", "actions_per_s"}
    promised |= {"p50_ms", "p95_ms", "p99_ms"}
    assert all(promised <= arm.keys() for arm in written["arms"])


def test_the_tables_of_a_run_have_a_line_for_every_arm_and_say_what_was_lost() -> None:
    results = Results(
        machine=MACHINE,
        settings={"players": 10, "seconds_per_arm": 2.0},
        rest=Memory(by_kind={"api": 1_000_000}),
        arms=[measured("single", 256), measured("batch", 16, verdict=replace(VERDICT, lost=3))],
        violations="",
    )
    written = write_markdown(describe_arms(results))
    assert (
        "| single | 256 | 250 | 250 | 1.0 | 2.0 | 3.0 |  | 0.1 s | 1,000 | 200: 1,000 |" in written
    )
    assert "| batch | 16 | 250 | 25,000 |" in written
    assert "2,000 actions; lost 3, doubled 0" in written


def test_every_arm_the_bench_promises_can_be_chosen_alone() -> None:
    promised = ["single", "async", "batch", "top10", "open_loop"]
    assert list(NAMES) == [*promised, "floor_http", "floor_rows", "control"]
    assert choose([]) == list(ARMS)
    assert [arm.connections for arm in choose(["single"])] == [1, 64, 256]


def test_the_machine_is_named_without_its_host_name() -> None:
    machine = describe_machine(Path.cwd())
    assert machine["cores"] >= 1
    assert machine["file_system"] != "unknown"
    assert os.uname().nodename not in str(machine).replace(os.uname().release, "")
