"""The program in docs/audit.md with which anybody checks a proof, as it stands there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from domain.settings import Settings
from domain.store.store import Store
from tests.cli.test_audit import prove, sign_log
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.unit.audit.logs import KEY, make_key
from workers.context import WorkerContext

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "check.py"
    path.write_text(code)
    return path


def run(program: Path, proof: object, key: object) -> subprocess.CompletedProcess[str]:
    (program.parent / "proof.json").write_text(json.dumps(proof))
    (program.parent / "key.txt").write_text(f"{key}\n")
    return subprocess.run(
        [sys.executable, program, program.parent / "proof.json", program.parent / "key.txt"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_finds_proofs_sound_and_forged_ones_not(
    app: Flask, store: Store, settings: Settings, worker_context: WorkerContext, program: Path
) -> None:
    actions = [make_action(score=score) for score in (1, 2, 5000, 4, 5)]
    complete_actions(worker_context, actions[:3])
    for action in actions[3:]:
        complete_actions(worker_context, [action])
    sign_log(store, settings)
    for action in actions:
        result = run(program, prove(app, action), KEY.public)
        assert (result.returncode, result.stderr) == (0, "")
        assert f"action {action.action_id}: " in result.stdout
    proof = prove(app, actions[2])
    forged = {**proof, "leaf": [*proof["leaf"][:4], "applied", *proof["leaf"][5:]]}
    assert "the transition is not in the entry" in run(program, forged, KEY.public).stderr
    assert "InvalidSignature" in run(program, proof, make_key(4).public).stderr
