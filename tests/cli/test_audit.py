"""`audit verify|prove|check-proof|public-key`: the log checked, and an action's place in it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import make_url, text

from cli.registry import register_commands
from domain.actions.model import NewAction
from domain.audit.checkpointing import keep_outside, sign_next
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.store import Store, connect
from tests.archives import MARCH, archive_all, drop_old_months, move_to_the_past
from tests.factories import make_action, make_settings
from tests.pipeline import complete_actions
from tests.unit.audit.logs import KEY, make_key
from tests.verification import change, make_history
from web.app import create_app
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


@pytest.fixture
def signed(store: Store, settings: Settings, actions: list[NewAction]) -> list[NewAction]:
    """The actions, in a log that is signed."""
    sign_log(store, settings)
    return actions


def sign_log(store: Store, settings: Settings) -> None:
    sign_next(store, key=KEY, path=settings.checkpoint_path, now=datetime.now(UTC))
    keep_outside(store, path=settings.checkpoint_path)


def test_the_log_is_verified_with_the_file_and_the_key_alone(
    app: Flask, settings: Settings, signed: list[NewAction], tmp_path: Path
) -> None:
    copy, key = tmp_path / "copy", tmp_path / "key"
    settings.checkpoint_path.rename(copy)
    key.write_text(f"{KEY.public}\n")
    given = ["verify", "--checkpoints", str(copy), "--public-key"]
    for named in (str(KEY.public), str(key)):
        result = run(app, *given, named)
        assert result.exit_code == 0, result.output
        assert result.output.startswith("1 entries and 1 checkpoints hold; the last, of 1 entries")
    result = run(app, *given, str(make_key(3).public))
    assert (result.exit_code, result.output) == (
        1,
        "checkpoint 1 in the database is not signed by a key that is known\n",
    )


def test_a_log_that_does_not_hold_is_named(
    app: Flask, store: Store, signed: list[NewAction]
) -> None:
    change(store, "UPDATE audit_log SET entry = entry || ' '")
    result = run(app, "verify", "--public-key", str(KEY.public))
    assert (result.exit_code, result.output) == (
        1,
        "audit entry 1 was changed or does not follow the one before it\n"
        "the log was rewritten: an entry of 1 to 1 is not the one that was signed with"
        " checkpoint 1\n",
    )
    proof = run(app, "verify", "--public-key", str(KEY.public), "--proof", str(uuid4()))
    assert (proof.exit_code, proof.stdout) == (1, "")


def test_a_proof_leads_to_the_signed_checkpoint_without_a_database(
    app: Flask, store: Store, settings: Settings, signed: list[NewAction], tmp_path: Path
) -> None:
    action = str(signed[3].action_id)
    result = run(app, "verify", "--public-key", str(KEY.public), "--proof", action)
    assert result.exit_code == 0, result.output
    proof = json.loads(result.stdout)
    assert proof == prove(app, signed[3])
    assert proof["log"]["checkpoint"] in settings.checkpoint_path.read_text()
    lone = create_app(make_settings())
    register_commands(lone)
    held = run(lone, "check-proof", "-", "--public-key", str(KEY.public), stdin=result.stdout)
    assert (held.exit_code, held.output) == (
        0,
        f"the transition is in audit entry 1 with the hash {proof['hash']}, which is in the log"
        " that the checkpoint signs\n",
    )
    other = run(
        lone, "check-proof", "-", "--public-key", str(make_key(3).public), stdin=result.stdout
    )
    assert (other.exit_code, other.output) == (
        1,
        "the proof holds a checkpoint that is not signed by this key\n",
    )


def test_each_part_of_a_proof_is_needed(
    app: Flask, context_of_many: list[NewAction], store: Store, settings: Settings
) -> None:
    proof = prove(app, context_of_many[2])
    place = proof["log"]
    forged = [
        {**proof, "log": None},
        {**proof, "log": {**place, "path": place["path"][:-1]}},
        {**proof, "log": {**place, "path": ["00" * 32, *place["path"][1:]]}},
        {**proof, "log": {**place, "checkpoint": place["checkpoint"].replace("\n5\n", "\n6\n")}},
        {**proof, "log": {**place, "checkpoint": "no note"}},
        {**proof, "log": {}},
        {**proof, "seq": 4},
    ]
    sound = run(app, "check-proof", "-", "--public-key", str(KEY.public), stdin=json.dumps(proof))
    assert sound.exit_code == 0, sound.output
    for each in forged:
        result = run(
            app, "check-proof", "-", "--public-key", str(KEY.public), stdin=json.dumps(each)
        )
        assert result.exit_code == 1, each


@pytest.fixture
def context_of_many(
    worker_context: WorkerContext, store: Store, settings: Settings
) -> list[NewAction]:
    """Five actions, each in an entry of its own, in a signed log."""
    rebuild_board(store, board=GLOBAL_BOARD)
    made = [make_action() for _ in range(5)]
    for action in made:
        complete_actions(worker_context, [action])
    sign_log(store, settings)
    return made


def test_an_entry_that_is_not_signed_yet_has_a_proof_that_says_so(
    app: Flask, actions: list[NewAction]
) -> None:
    proof = prove(app, actions[0])
    assert proof["log"] is None
    result = run(app, "check-proof", "-", "--public-key", str(KEY.public), stdin=json.dumps(proof))
    assert (result.exit_code, result.output) == (
        1,
        "the proof leads to no checkpoint: its entry was not signed yet\n",
    )


def test_who_may_only_read_the_log_verifies_it(
    store: Store, settings: Settings, signed: list[NewAction]
) -> None:
    role = f"reader_{uuid4().hex[:8]}"
    with store.write() as connection:
        connection.execute(
            text(
                f"CREATE ROLE {role} LOGIN PASSWORD 'of-the-reader';"
                f" GRANT SELECT ON audit_log, audit_head, audit_checkpoints TO {role}"
            )
        )
    url = make_url(settings.database_url).set(username=role, password="of-the-reader")
    lone = replace(settings, database_url=url.render_as_string(hide_password=False))
    own = connect(lone)
    try:
        app = create_app(lone, own)
        register_commands(app)
        result = run(app, "verify", "--public-key", str(KEY.public))
        assert (result.exit_code, result.output[:20]) == (0, "1 entries and 1 chec")
        change(store, "UPDATE audit_log SET leaves = '[]'")
        assert run(app, "verify", "--public-key", str(KEY.public)).exit_code == 1
    finally:
        own.close()
        with store.write() as connection:
            connection.execute(text(f"DROP OWNED BY {role}; DROP ROLE {role}"))


def test_the_public_key_is_printed_and_read_again(settings: Settings) -> None:
    keyed = create_app(replace(settings, audit_signing_key=b64encode(b"\x01" * 32).decode()))
    register_commands(keyed)
    result = run(keyed, "public-key")
    assert (result.exit_code, result.output) == (0, f"{KEY.public}\n")
    bare = create_app(settings)
    register_commands(bare)
    assert run(bare, "public-key").output == (
        "Error: AUDIT_SIGNING_KEY is not set: the audit log is not signed\n"
    )


def test_what_is_no_public_key_is_refused(app: Flask) -> None:
    for text_ in ("", "nonsense", "laurel/audit-log+00000000+AAAA", "+".join("abc")):
        result = run(app, "verify", "--public-key", text_)
        assert (result.exit_code, "neither a public key nor a file" in result.output) == (2, True)


def test_verify_of_everything_looks_at_the_checkpoints(
    app: Flask, store: Store, settings: Settings, signed: list[NewAction]
) -> None:
    keyed = create_app(replace(settings, audit_signing_key=b64encode(b"\x01" * 32).decode()), store)
    register_commands(keyed)
    runner = keyed.test_cli_runner()
    assert runner.invoke(args=["verify", "--wait", "0"]).exit_code == 0
    settings.checkpoint_path.unlink()
    result = runner.invoke(args=["verify", "--wait", "0"])
    assert result.exit_code == 1
    assert "the file lacks checkpoint 1, which the database has" in result.output


def test_a_log_is_shown_to_continue_an_earlier_one_without_a_database(
    app: Flask,
    store: Store,
    settings: Settings,
    worker_context: WorkerContext,
    context_of_many: list[NewAction],
) -> None:
    for _ in range(3):
        complete_actions(worker_context, [make_action()])
    sign_log(store, settings)
    result = run(app, "prove-growth", "5")
    assert result.exit_code == 0, result.output
    proof = json.loads(result.output)
    assert [proof[end].split("\n")[1] for end in ("from", "to")] == ["5", "8"]
    check = ["check-proof", "-", "--public-key"]
    said = "the log of the later checkpoint begins with the log of the earlier one\n"
    assert run(app, *check, str(KEY.public), stdin=json.dumps(proof)).output == said
    assert run(app, "check-proof", "-", stdin=json.dumps(proof)).output == said
    stranger = run(app, *check, str(make_key(3).public), stdin=json.dumps(proof))
    assert stranger.output == "the proof holds a checkpoint that is not signed by this key\n"
    for forged in (
        {**proof, "path": proof["path"][1:]},
        {**proof, "from": proof["to"], "to": proof["from"]},
        {**proof, "from": "no note"},
    ):
        result = run(app, *check, str(KEY.public), stdin=json.dumps(forged))
        assert (result.exit_code, result.output[:9]) == (1, "the proof")
    for size in ("4", "8"):
        result = run(app, "prove-growth", size)
        assert (result.exit_code, result.output) == (
            2,
            "Error: There is no such checkpoint, or none after it\n",
        )
    change(store, "DELETE FROM audit_checkpoints WHERE size = 5")
    result = run(app, "check-proof", "-", stdin=json.dumps(proof))
    assert (result.exit_code, result.output) == (
        1,
        "the proof is of a checkpoint that the log does not have\n",
    )
