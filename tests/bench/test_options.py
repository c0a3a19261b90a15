"""The options of the benchmark, and their defaults."""

import pytest

from bench.options import read_options


@pytest.mark.parametrize(
    ("arguments", "seconds", "rounds"),
    [
        (["--against", "main"], 10.0, 3),
        (["--against", "main", "--quick"], 4.0, 2),
        (["--against", "main", "--rounds", "5", "--seconds", "2"], 2.0, 5),
    ],
)
def test_a_quick_run_has_shorter_arms_and_fewer_turns(
    arguments: list[str], seconds: float, rounds: int
) -> None:
    options = read_options(arguments)
    assert (options.seconds, options.rounds) == (seconds, rounds)


def test_sizes_may_be_given() -> None:
    assert read_options([]).scale is None
    assert read_options(["--scale"]).scale == []
    assert read_options(["--scale", "10000", "50000"]).scale == [10_000, 50_000]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "2"],
        ["--against", "main", "--rounds", "0"],
        ["--against", "main", "--soak", "1"],
        ["--soak", "0"],
        ["--scale", "5"],
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_options(arguments)
