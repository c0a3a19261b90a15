"""`audit prove|check-proof`: an action's place in the log, shown and checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from flask import Flask

from domain.actions.model import NewAction
from domain.settings import Settings
from domain.store.store import Store
from tests.archives import MARCH, archive_all, drop_old_months, move_to_the_past
from tests.verification import change, make_history
from workers.context import WorkerContext


@pytest.fixture
def actions(worker_context: WorkerContext) -> list[NewAction]:
    return make_history(worker_context)


@pytest.fixture
def archived(store: Store, settings: Settings, actions: list[NewAction]) -> Iterator[None]:
    """All actions in the archive, their batches cleaned away."""
    move_to_the_past(store, MARCH)
    archive_all(store, settings.archive_path)
    change(store, "DELETE FROM action_batches")
    yield
    drop_old_months(store)


def run(app: Flask, *arguments: str, stdin: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["audit", *arguments], input=stdin)


def prove(app: Flask, action: NewAction) -> dict[str, Any]:
    result = run(app, "prove", str(action.action_id))
    assert result.exit_code == 0, result.output
    proof: dict[str, Any] = json.loads(result.output)
    return proof


def test_the_proof_of_an_action_holds_in_the_log_and_by_itself(
    app: Flask, actions: list[NewAction], tmp_path: Path
) -> None:
    proof = prove(app, actions[3])
    assert (proof["leaf"][4], proof["seq"], proof["head"]["seq"]) == ("rejected", 1, 1)
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))
    line = f"the transition is in audit entry 1 with the hash {proof['hash']}"
    checked = run(app, "check-proof", str(file))
    assert (checked.exit_code, checked.output) == (0, f"{line}\n")
    alone = run(app, "check-proof", "--offline", "-", stdin=json.dumps(proof))
    assert (alone.exit_code, alone.output) == (
        0,
        f"{line}; whether the log has it was not looked at\n",
    )


def test_an_archived_action_is_proved_from_the_log_alone(
    app: Flask, actions: list[NewAction], archived: None
) -> None:
    proof = prove(app, actions[0])
    assert run(app, "check-proof", "-", stdin=json.dumps(proof)).exit_code == 0


def test_a_changed_proof_and_a_changed_log_are_told(
    app: Flask, store: Store, actions: list[NewAction]
) -> None:
    proof = prove(app, actions[0])
    forged = {**proof, "leaf": [*proof["leaf"][:3], 999, *proof["leaf"][4:]]}
    result = run(app, "check-proof", "-", stdin=json.dumps(forged))
    assert (result.exit_code, result.output) == (
        1,
        "the proof holds a transition that is not in its entry\n",
    )
    change(store, "UPDATE audit_log SET hash = '\\x00'")
    result = run(app, "check-proof", "-", stdin=json.dumps(proof))
    assert (result.exit_code, result.output) == (
        1,
        "the proof is of an entry that the log does not have\n",
    )


def test_what_is_no_proof_is_refused(app: Flask, store: Store) -> None:
    result = run(app, "check-proof", "-", stdin="{")
    assert (result.exit_code, result.output) == (2, "Error: the proof is not JSON\n")
    assert run(app, "check-proof", "-", stdin="[]").exit_code == 1


def test_an_action_without_a_transition_has_no_proof(app: Flask, store: Store) -> None:
    result = run(app, "prove", str(uuid4()))
    assert (result.exit_code, result.output) == (
        2,
        "Error: The audit log has no transition of this action\n",
    )
