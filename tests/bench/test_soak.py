"""A soak says what grows, and nothing of what only fills at first."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.generator.percentiles import sliced_ms
from bench.soak.flatness import Allowance, settled_from, trend_of
from bench.soak.report import describe_soak
from bench.soak.run import Soak
from bench.soak.sampling import Sample
from tests.bench.test_counting import MACHINE, REPORT, VERDICT

SETTINGS = {"players": 10, "seconds_per_arm": 2.0}
NONE = Allowance(share=0.0, absolute=0.0)


def test_what_fills_at_first_is_flat_and_what_goes_on_growing_is_not() -> None:
    fills = [(at, min(at, 100.0)) for at in range(0, 600, 5)]
    grows = [(at, float(at)) for at in range(0, 600, 5)]
    assert settled_from(600.0) == 180.0
    assert (trend_of(fills, settled_at=180.0, allowance=NONE) or pytest.fail("short")).is_flat
    trend = trend_of(grows, settled_at=180.0, allowance=Allowance(share=0.1, absolute=10.0))
    assert trend is not None
    assert not trend.is_flat
    assert trend.first < trend.last


def test_a_short_soak_says_nothing() -> None:
    assert settled_from(30.0) == 10.0
    assert trend_of([(20.0, 1.0)] * 5, settled_at=10.0, allowance=NONE) is None


def test_latencies_are_sliced_by_the_time_of_the_answer() -> None:
    slices = sliced_ms([(0.1, 0.001), (0.9, 0.003), (2.5, 0.002)], 1.0)
    assert [part.get("p99") for part in slices] == [3.0, None, 2.0]
    assert sliced_ms([(0.1, 0.001)], 0.0) == []


@pytest.mark.parametrize(
    ("flower_mb", "growing"), [(lambda at: 80.0, []), (lambda at: 80.0 + at, ["flower MB"])]
)
def test_what_grows_is_named(flower_mb: Callable[[float], float], growing: list[str]) -> None:
    samples = [sample(at * 5.0, flower_mb(at * 5.0)) for at in range(1, 61)]
    found = Soak(
        seconds=300.0,
        rate=200.0,
        samples=samples,
        report=replace(REPORT, slices=[{"p99": 5.0}] * 60),
        verdict=VERDICT,
        is_drained=True,
        violations="",
    )
    outcome = describe_soak(found, MACHINE, SETTINGS)
    assert outcome.json["growing"] == growing
    assert ("Not flat" in outcome.lines[0]) == bool(growing)
    assert len(outcome.grids[0].rows) == 20


def sample(at: float, flower_mb: float) -> Sample:
    """Return a sample of a stack that is flat but for Flower's memory, and tables."""
    return Sample(
        at=at,
        memory_mb={"api": 100.0, "flower": flower_mb},
        descriptors={"api": 30, "flower": 20},
        threads={"api": 10, "flower": 5},
        tables_mb=at,
        dead_tuples=10,
        live_tuples=90,
        valkey_mb=5.0,
    )
