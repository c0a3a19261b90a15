"""`fraud backtest|apply|shadow-report|train|models|use-model` on stored actions."""

from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from flask import Flask

from domain.actions.model import NewAction
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import fetch
from tests.pipeline import complete_actions, finish_batch
from tests.verification import find_broken
from workers.context import WorkerContext

POLICY = str(Path(__file__).with_name("policy.json"))


def run(app: Flask, *arguments: str) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["fraud", *arguments])


@pytest.fixture
def history(worker_context: WorkerContext) -> list[NewAction]:
    """Two players' applied actions; of the one, two are above 500."""
    cheat, honest = uuid4(), uuid4()
    scores = [(cheat, 600), (cheat, 900), (cheat, 10), (honest, 20), (honest, 30)]
    actions = [make_action(user_id=user, score=score) for user, score in scores]
    complete_actions(worker_context, actions)
    return actions


def read_statuses(store: Store, actions: list[NewAction]) -> list[str]:
    """Return the statuses of these actions, in their order."""
    rows = fetch(store, "SELECT action_id, status FROM user_actions")
    found = {row.action_id: row.status for row in rows}
    return [found[action.action_id] for action in actions]


def finish(context: WorkerContext) -> None:
    """Run every batch that a command has left to the workers."""
    rows = fetch(context.store, "SELECT batch_id FROM action_batches WHERE stage <> 'done'")
    for row in rows:
        finish_batch(context, row.batch_id)


def test_a_backtest_says_who_would_be_held_and_changes_nothing(
    app: Flask, store: Store, history: list[NewAction]
) -> None:
    done = run(app, "backtest", POLICY)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "5 actions"
    assert "       2 reject SCORE_TOO_HIGH" in lines
    assert "       3 pass" in lines
    assert "2 actions that count would not; 0 others do not count today either; players: 1" in lines
    assert "precision unknown, recall unknown" in done.stdout
    assert [line.split()[:2] for line in lines[-2:]] == [["1", "1510"], ["2", "50"]]
    assert lines[-2].split()[3] == "50", "without what would be held the other one is first"
    assert read_statuses(store, history) == ["applied"] * 5


def test_apply_holds_what_the_policy_would_hold_once(
    app: Flask, store: Store, worker_context: WorkerContext, history: list[NewAction]
) -> None:
    done = run(app, "apply", POLICY, "--note", "a leaked trainer", "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "2 actions of 1 players are being held"
    finish(worker_context)
    assert read_statuses(store, history) == ["quarantined"] * 2 + ["applied"] * 3
    (score,) = fetch(
        store, "SELECT score FROM user_scores WHERE user_id = :id", id=history[0].user_id
    )
    assert score.score == 10
    again = run(app, "apply", POLICY, "--note", "a leaked trainer", "--yes")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "nothing to hold")
    assert find_broken(store, worker_context.settings) == {}


def test_a_backtest_agrees_or_not_with_reviewers(
    app: Flask, worker_context: WorkerContext, history: list[NewAction]
) -> None:
    run(app, "apply", POLICY, "--note", "x", "--yes")
    finish(worker_context)
    runner = app.test_cli_runner()
    guilty, innocent = (str(history[number].action_id) for number in (0, 1))
    for command, action_id in (("reject", guilty), ("release", innocent)):
        decided = runner.invoke(args=["actions", command, action_id, "--reason", "seen"])
        assert decided.exit_code == 0, decided.output
        finish(worker_context)
    done = run(app, "backtest", POLICY)
    assert (
        "reviewed: precision 50%, recall 100% (held: 1 guilty, 1 innocent; passed: 0 guilty,"
        " 0 innocent)" in done.stdout
    )
    again = run(app, "apply", POLICY, "--note", "x", "--yes")
    assert again.stdout.splitlines()[-1] == "nothing to hold", "a person has released it"


def test_apply_asks_first(app: Flask, store: Store, history: list[NewAction]) -> None:
    refused = app.test_cli_runner().invoke(
        args=["fraud", "apply", POLICY, "--note", "x"], input="n\n"
    )
    assert refused.exit_code == 1
    assert "Hold 2 actions of 1 players?" in refused.output
    assert read_statuses(store, history) == ["applied"] * 5


@pytest.mark.parametrize("named", ["999999", "no-such-file.json"])
def test_a_policy_that_is_not_there_is_named(app: Flask, named: str) -> None:
    for command in (("backtest", named), ("apply", named, "--note", "x", "--yes")):
        refused = run(app, *command)
        assert refused.exit_code == 2
        assert "no such policy" in refused.output or "neither" in refused.output


def test_the_report_on_a_shadow_names_what_it_judges_otherwise(
    app: Flask, worker_context: WorkerContext
) -> None:
    nothing = run(app, "shadow-report")
    assert (nothing.exit_code, "No policy is in shadow" in nothing.output) == (2, True)
    run(app, "create", POLICY, "--state", "shadow", "--note", "stricter")
    high, low = make_action(score=600), make_action(score=5)
    complete_actions(worker_context, [high, low])
    done = run(app, "shadow-report")
    assert done.exit_code == 0, done.output
    first, difference = done.stdout.splitlines()
    assert first.endswith(": 2 actions, 1 judged otherwise")
    assert difference.split() == (
        f"1 of 1 players: pass -> reject SCORE_TOO_HIGH, for example {high.action_id}".split()
    )


def test_a_model_is_trained_in_shadow_and_used_and_retired(
    app: Flask, worker_context: WorkerContext
) -> None:
    few = run(app, "train", "--note", "first")
    assert (few.exit_code, "too few to train on" in few.output) == (2, True)
    for _ in range(4):
        complete_actions(
            worker_context, [make_action(user_id=uuid4(), score=50) for _ in range(250)]
        )
    trained = run(app, "train", "--note", "first")
    assert trained.exit_code == 0, trained.output
    (line,) = run(app, "models").stdout.splitlines()
    number, state, actions, *_ = line.split()
    assert (state, actions) == ("shadow", "1000")
    assert trained.stdout.splitlines()[-1] == f"model {number} of 1000 actions is in shadow"
    for state in ("live", "retired"):
        done = run(app, "use-model", number, "--state", state, "--note", "seen")
        assert done.stdout == f"model {number} is {state}\n"
        assert run(app, "models").stdout.split()[1] == state
    missing = run(app, "use-model", "999999", "--state", "live", "--note", "x")
    assert (missing.exit_code, "There is no such model" in missing.output) == (2, True)


def test_a_model_that_cannot_be_read_stays_out_of_use(app: Flask, store: Store) -> None:
    with store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO fraud_models (state, model, trained_on)"
            " VALUES ('retired', '{\"format\": 99}', 1)"
        )
    number = run(app, "models").stdout.split()[0]
    refused = run(app, "use-model", number, "--state", "live", "--note", "x")
    assert (refused.exit_code, "cannot be read" in refused.output) == (2, True)
    assert run(app, "models").stdout.split()[1] == "retired"
