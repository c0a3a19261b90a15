"""`flask ledger replay`: what it prints, and the code it exits with."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask

from tests.rankings import make_board
from tests.verification import change, make_history
from workers.context import WorkerContext


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["ledger", "replay", *arguments])


@pytest.fixture(autouse=True)
def history(worker_context: WorkerContext) -> None:
    make_board(worker_context.store, "all-time")
    make_history(worker_context)


def test_a_replay_prints_rows_and_checksum_of_each_projection(app: Flask) -> None:
    result = run(app)
    assert result.exit_code == 0
    scores, board, seals = [line.split() for line in result.output.splitlines()]
    assert scores[:4] == ["equal", "scores", "2", "rows"]
    assert board[:5] == ["equal", "board", "all-time", "2", "rows"]
    assert seals[:4] == ["equal", "seals", "0", "rows"]
    assert (len(scores[4]), len(board[5])) == (64, 64)


def test_a_difference_is_printed_and_exits_with_1(
    app: Flask, worker_context: WorkerContext
) -> None:
    change(worker_context.store, "UPDATE ranking_rows SET counted = 9 WHERE value = 220")
    result = run(app, "--board", "all-time")
    differs, stored, sentence, _ = result.output.splitlines()
    assert result.exit_code == 1
    assert differs.split()[:2] == ["DIFFERS", "board"]
    assert stored.split()[0] == "stored"
    assert "the ledger gives [220,[],2,2," in sentence


def test_a_replay_until_a_moment_prints_the_top_of_it(app: Flask) -> None:
    now = datetime.now(UTC)
    result = run(app, "--until", now.isoformat())
    assert result.exit_code == 0
    assert result.output == run(app, "--until", now.isoformat()).output
    assert [line.split()[-1] for line in result.output.splitlines()[1:3]] == ["220", "0"]
    before = run(app, "--until", (now - timedelta(days=1)).isoformat())
    assert [line.split()[-3:-1] for line in before.output.splitlines()] == [["0", "rows"]] * 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--until", "yesterday"], "is not like 2026-11-26T12:00:00Z"),
        (["--until", "2999-01-01T00:00:00Z"], "is in the future"),
        (["--board", "Bad Slug"], "not the slug of a board"),
        (["--board", "nowhere"], "There is no such board"),
    ],
)
def test_bad_options_are_refused(app: Flask, arguments: list[str], complaint: str) -> None:
    result = run(app, *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
