"""The operators' commands: what they print, and the code they exit with."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import text

from domain.actions.chain import Stage
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction, Status
from domain.actions.recovery import SINGLE_ATTEMPTS, claim_stalled_batches, isolate
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import RedisUnavailableError
from domain.moderation import retrying
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.archives import MARCH, archive_all, drop_old_months
from tests.batches import count_by_status, get_batch, set_attempts
from tests.factories import make_action, make_player, make_policy, make_stored_action
from tests.intakes import fetch
from tests.pipeline import complete_actions, finish_batch
from tests.verification import change, make_history
from tests.waiting import wait_until
from workers.context import WorkerContext


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def last_line(result: Result) -> str:
    return result.stdout.splitlines()[-1]


@pytest.fixture
def held(worker_context: WorkerContext) -> NewAction:
    """An action that is held for review."""
    action = make_action(score=100)
    strict = make_policy(suspicious_score_threshold=99)
    complete_actions(replace(worker_context, policy=strict), [action])
    return action


@pytest.fixture
def archived(store: Store, settings: Settings) -> Iterator[None]:
    """One archived month."""
    make_stored_action(store, make_player(store), at=MARCH, score_delta=70)
    archive_all(store, settings.archive_path)
    yield
    drop_old_months(store)


def test_verify_prints_one_line_for_each_invariant_that_holds(
    app: Flask, worker_context: WorkerContext
) -> None:
    make_history(worker_context)
    result = run(app, "verify")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert [line.split()[:2] for line in lines] == [["holds", name] for name in Invariant]
    assert lines[1].endswith("every acknowledged id has one row, every applied one a single effect")


def test_verify_names_what_is_broken_and_exits_with_1(
    app: Flask, worker_context: WorkerContext
) -> None:
    action = make_history(worker_context)[0]
    change(
        worker_context.store,
        "UPDATE user_scores SET total_actions = 9 WHERE user_id = :id",
        id=action.user_id,
    )
    result = run(app, "verify", "--wait", "0")
    assert result.exit_code == 1
    assert (
        "BROKEN  conservation  the applied actions add up to the scores and the statistics\n"
        f"  user {action.user_id} has 9 actions in the statistics, applied are 2\n"
    ) in result.output


def test_verify_as_json_reports_the_same(app: Flask, worker_context: WorkerContext) -> None:
    make_history(worker_context)
    change(worker_context.store, "UPDATE audit_head SET seq = 9")
    result = run(app, "verify", "--json")
    report: dict[str, Any] = json.loads(result.output)
    assert (result.exit_code, report["holds"]) == (1, False)
    assert [entry for entry in report["invariants"] if not entry["holds"]] == [
        {
            "name": "audit",
            "holds": False,
            "findings": ["the chain ends with audit entry 1, its head says 9"],
            "more": False,
        }
    ]


def test_archives_are_listed_and_found_sound(app: Flask, archived: None) -> None:
    listed = run(app, "archives", "list").output
    assert listed.split()[:2] == ["2026-03", "1"]
    (entry,) = map(json.loads, run(app, "archives", "list", "--json").output.splitlines())
    assert (entry["partition"], entry["actions"], entry["appliedScore"]) == (
        "user_actions_y2026m03",
        1,
        70,
    )
    assert run(app, "archives", "verify").output == "1 archives are sound\n"


def test_a_damaged_archive_is_named_and_exits_with_1(
    app: Flask, settings: Settings, archived: None
) -> None:
    (part,) = settings.archive_path.glob("*.gz")
    part.unlink()
    result = run(app, "archives", "verify")
    assert (result.exit_code, result.output) == (1, f"{part.name} is missing\n")


def test_held_actions_are_listed(app: Flask, held: NewAction) -> None:
    (line,) = run(app, "actions", "list").output.splitlines()
    assert line.split()[1:5] == [str(held.action_id), "quarantined", "100", "SCORE_BURST"]
    (entry,) = map(json.loads, run(app, "actions", "list", "--json").output.splitlines())
    assert entry["checks"]["score_burst"]["seen"] == 100
    assert run(app, "actions", "list", "--status", "failed").output == ""


def test_a_decision_needs_a_reason(app: Flask, held: NewAction) -> None:
    result = run(app, "actions", "release", str(held.action_id))
    assert result.exit_code == 2
    assert "--reason" in result.output


@pytest.mark.parametrize("reason", ["", " ", "a\x07b", "\udcff", "x" * 1001])
def test_a_reason_is_words(app: Flask, held: NewAction, reason: str) -> None:
    result = run(app, "actions", "release", str(held.action_id), "--reason", reason)
    assert result.exit_code == 2
    assert "--reason" in result.output


@pytest.mark.parametrize("decision", ["release", "reject"])
def test_a_decision_is_made_once(app: Flask, store: Store, held: NewAction, decision: str) -> None:
    arguments = ("actions", decision, str(held.action_id), "--reason", "seen", "--by", "grace")
    taken = run(app, *arguments)
    assert taken.exit_code == 0
    assert f"\n{decision} of {held.action_id} is on its way in batch " in f"\n{taken.output}"
    again = run(app, *arguments)
    assert (again.exit_code, again.output) == (
        2,
        f"Error: the action is pending: nothing to {decision}\n",
    )
    (batch,) = fetch(store, "SELECT verdicts FROM action_batches WHERE versions IS NOT NULL")
    (found,) = batch.verdicts.values()
    review = found["checks"]["review"]
    assert (review["by"], review["note"]) == ("operator:grace", "seen")


def test_a_failed_action_is_retried(app: Flask, store: Store, held: NewAction) -> None:
    change(store, "UPDATE user_actions SET status = 'failed'")
    result = run(app, "actions", "retry", str(held.action_id), "--reason", "mended")
    assert result.exit_code == 0
    with store.write() as connection:
        status = connection.execute(text("SELECT status FROM user_actions")).scalar_one()
    assert status == Status.PENDING


def test_an_unknown_action_is_reported(app: Flask, store: Store) -> None:
    result = run(app, "actions", "release", str(uuid4()), "--reason", "seen")
    assert (result.exit_code, result.output) == (
        2,
        "Error: There is no such action, or it is archived\n",
    )


@pytest.fixture
def failed(worker_context: WorkerContext) -> list[NewAction]:
    """Three actions that have failed and are in the audit log."""
    store = worker_context.store
    actions = [make_action(score=10) for _ in range(3)]
    for action in actions:
        (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
        set_attempts(store, batch.batch_id, SINGLE_ATTEMPTS)
        isolate(store, batch=get_batch(store, batch.batch_id))
        finish_batch(worker_context, batch.batch_id)
    assert count_by_status(store) == {"failed": 3}
    return actions


def test_one_command_retries_all_that_failed(
    app: Flask,
    worker_context: WorkerContext,
    failed: list[NewAction],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrying, "RETRY_PAGE", 2)
    result = run(app, "actions", "retry", "--all-failed", "--reason", "the disk has room")
    assert (result.exit_code, last_line(result)) == (0, "retried 3 failed actions")
    assert result.stderr.splitlines() == ["2 on their way", "3 on their way"]
    store = worker_context.store
    for row in fetch(store, "SELECT batch_id FROM user_actions"):
        finish_batch(worker_context, row.batch_id)
    assert count_by_status(store) == {"applied": 3}
    again = run(app, "actions", "retry", "--all-failed", "--reason", "again")
    assert (again.exit_code, last_line(again)) == (0, "retried 0 failed actions")


@pytest.mark.parametrize(
    ("options", "retried"),
    [
        (["--status-reason", "PROCESSING_FAILED"], 3),
        (["--status-reason", "SCORE_LIMIT"], 0),
        (["--since", "2026-01-01"], 3),
        (["--since", "2999-01-01T00:00:00+02:00"], 0),
    ],
)
def test_a_retry_of_all_may_be_limited(
    app: Flask, failed: list[NewAction], options: list[str], retried: int
) -> None:
    result = run(app, "actions", "retry", "--all-failed", "--reason", "seen", *options)
    assert (result.exit_code, last_line(result)) == (0, f"retried {retried} failed actions")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--reason", "seen"],
        ["--reason", "seen", "--all-failed", str(uuid4())],
        ["--reason", "seen", "--since", "2026-01-01", str(uuid4())],
        ["--reason", "seen", "--all-failed", "--since", "yesterday"],
        ["--all-failed"],
    ],
)
def test_a_retry_that_is_not_clear_is_refused(
    app: Flask, store: Store, arguments: list[str]
) -> None:
    assert run(app, "actions", "retry", *arguments).exit_code == 2


def test_an_action_that_is_not_in_the_audit_log_yet_is_left_and_said_so(
    app: Flask, store: Store, failed: list[NewAction]
) -> None:
    change(
        store,
        "UPDATE action_batches SET stage = 'refreshed'"
        " WHERE batch_id = (SELECT batch_id FROM audit_log WHERE seq = 1)",
    )
    result = run(app, "actions", "retry", "--all-failed", "--reason", "seen")
    assert (result.exit_code, last_line(result)) == (2, "retried 2 failed actions")
    assert "1 were left" in result.stderr


def test_verify_tells_of_failed_actions_and_holds(
    app: Flask, store: Store, failed: list[NewAction]
) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    result = run(app, "verify")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("note    3 actions have failed")
    assert json.loads(run(app, "verify", "--json").output)["failedActions"] == 3


def test_a_decision_is_sent_to_the_workers_and_has_not_stalled(
    app: Flask, worker_context: WorkerContext, held: NewAction
) -> None:
    store = worker_context.store
    queue = keys.broker_queue("actions")
    assert run(app, "actions", "release", str(held.action_id), "--reason", "seen").exit_code == 0
    (message,) = store.redis.run(lambda client: client.lrange(queue, 0, -1))
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT batch_id, stage FROM action_batches WHERE stage <> 'done'")
        )
        ((batch_id, stage),) = rows.all()
    assert (stage, str(batch_id) in str(message)) == (Stage.SCREENED, True)
    assert claim_stalled_batches(store) == []


def test_a_decision_without_a_broker_is_left_to_the_keeper(
    app: Flask,
    worker_context: WorkerContext,
    held: NewAction,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RedisUnavailableError

    # A broker that does not answer is in tests/workers/broker/test_broker.py.
    monkeypatch.setattr("cli.actions.submit_batch", refuse)
    assert run(app, "actions", "release", str(held.action_id), "--reason", "seen").exit_code == 0
    wait_until(lambda: len(claim_stalled_batches(worker_context.store)) == 1, timeout_seconds=10)
