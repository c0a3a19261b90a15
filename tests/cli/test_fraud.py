"""`fraud policies|show|create|activate|shadow|retire`: one line each, and clear refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from bench.checks.policies import FEW, POLICIES
from bench.checks.population import list_arguments

DOCUMENT: dict[str, Any] = {"checks": {"velocity": {"settings": {"maxPerMinute": 3}}}}


def run(app: Flask, *arguments: str) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["fraud", *arguments])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a policy."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def list_policies(app: Flask) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(app, "policies", "--json").output.splitlines()]


def test_a_policy_of_a_file_is_live(app: Flask, path: Path) -> None:
    done = run(app, "create", str(path), "--note", "stricter")
    assert done.exit_code == 0, done.output
    (listed,) = list_policies(app)
    assert done.output == f"policy {listed['policy']} is live\n"
    assert listed["createdBy"].startswith("operator:")
    shown = json.loads(run(app, "show", str(listed["policy"])).output)
    assert shown == listed
    assert "live" in run(app, "policies").output


def test_the_policies_that_are_measured_judge(app: Flask, path: Path) -> None:
    path.write_text(json.dumps(POLICIES[FEW]))
    done = app.test_cli_runner().invoke(args=list_arguments(path))
    assert done.exit_code == 0, done.output
    (listed,) = list_policies(app)
    assert listed["state"] == "live"
    assert listed["definition"]["checks"].keys() == POLICIES[FEW]["checks"].keys()


def test_a_stored_policy_is_tried_made_live_and_retired(app: Flask, path: Path) -> None:
    run(app, "create", str(path), "--state", "draft", "--note", "to be tried")
    number = str(list_policies(app)[0]["policy"])
    for command, state in (("shadow", "shadow"), ("activate", "live"), ("retire", "retired")):
        done = run(app, command, number, "--note", "as planned")
        assert done.output == f"policy {number} is {state}\n"
        assert list_policies(app)[0]["state"] == state


def test_a_bad_policy_is_refused_with_its_paths(app: Flask, path: Path) -> None:
    path.write_text('{"checks": {"telepathy": {}}, "holdAt": "x"}')
    refused = run(app, "create", str(path), "--note", "x")
    assert refused.exit_code == 2
    assert "nothing was changed" in refused.output
    assert "checks.telepathy: No such check" in refused.output
    assert "holdAt: Must be a number" in refused.output
    assert list_policies(app) == []


@pytest.mark.parametrize("text", ["", "{", "\ufeff", "[" * 100_000, "NaN", "[]"])
def test_a_file_that_is_no_policy_is_refused(app: Flask, path: Path, text: str) -> None:
    path.write_text(text)
    refused = run(app, "create", str(path), "--note", "x")
    assert (refused.exit_code, list_policies(app)) == (2, [])


def test_a_change_needs_a_note_and_a_policy_that_exists(app: Flask, path: Path) -> None:
    assert run(app, "create", str(path)).exit_code == 2
    assert run(app, "create", str(path), "--note", "").exit_code == 2
    for command in ("activate", "shadow", "retire"):
        missing = run(app, command, "999999", "--note", "x")
        assert missing.exit_code == 2
        assert "There is no such policy" in missing.output
    assert list_policies(app) == []
