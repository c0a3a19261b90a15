"""`keys create|list|revoke`: what they print and refuse."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from domain.store.postgres import tables
from domain.store.store import Store


def run(app: Flask, *arguments: str) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["keys", *arguments])


def list_keys(app: Flask, *arguments: str) -> list[dict[str, Any]]:
    """Return what `keys list --json` prints."""
    lines = run(app, "list", "--json", *arguments).output.splitlines()
    return [json.loads(line) for line in lines]


def status_with(app: Flask, secret: str) -> int:
    """Return the status of a request with this key."""
    headers = {"Authorization": f"Bearer {secret}"}
    return app.test_client().get("/api/actions", headers=headers).status_code


def test_a_key_is_printed_once_works_and_is_listed_without_its_secret(app: Flask) -> None:
    created = run(app, "create", "--name", "eu-1", "--role", "service")
    assert created.exit_code == 0
    secret = created.output.strip()
    assert secret.startswith("lrl_")
    assert status_with(app, secret) == 200
    listed = run(app, "list").output
    assert "eu-1" in listed
    assert "without end, never used" in listed
    assert secret[:12] in listed
    assert secret not in listed


def test_a_key_has_the_roles_and_the_end_that_it_was_given(app: Flask) -> None:
    arguments = ("--role", "service", "--role", "moderator", "--expires", "90d", "--json")
    made = json.loads(run(app, "create", "--name", "ops", *arguments).output)
    (listed,) = list_keys(app)
    assert {**listed, "key": made["key"]} == made
    assert listed["roles"] == ["moderator", "service"]
    lifetime = datetime.fromisoformat(listed["expiresAt"]) - datetime.fromisoformat(
        listed["createdAt"]
    )
    assert lifetime == timedelta(days=90)


def test_a_name_is_free_again_after_its_key_was_revoked(app: Flask) -> None:
    first = run(app, "create", "--name", "eu-1").output.strip()
    taken = run(app, "create", "--name", "eu-1")
    assert (taken.exit_code, "there is a key named eu-1" in taken.output) == (2, True)
    assert run(app, "revoke", "eu-1").exit_code == 0
    app.extensions["laurel"].verifier.look_now()
    second = run(app, "create", "--name", "eu-1").output.strip()
    assert second != first
    assert [key["revokedAt"] is None for key in list_keys(app, "--all")] == [False, True]
    assert len(list_keys(app)) == 1
    assert status_with(app, first) == 401


@pytest.mark.parametrize("by", ["name", "keyId", "prefix"])
def test_a_key_is_revoked_by_what_the_list_shows(app: Flask, by: str) -> None:
    run(app, "create", "--name", "eu-1")
    run(app, "create", "--name", "eu-2")
    key = list_keys(app)[0]
    revoked = run(app, "revoke", key[by])
    assert revoked.output == f"revoked {key['keyId']}\n"
    assert [left["name"] for left in list_keys(app)] == ["eu-2"]
    again = run(app, "revoke", key[by])
    assert (again.exit_code, "Traceback" in again.output) == (2, False)


def test_the_list_shows_the_last_use(app: Flask, store: Store) -> None:
    run(app, "create", "--name", "eu-1")
    with store.write() as connection:
        at = datetime.fromisoformat("2025-08-08T10:00:00Z")
        connection.execute(update(tables.api_keys).values(last_used_at=at))
    assert "used 2025-08-08T10:00Z" in run(app, "list").output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--name", ""],
        ["--name", "with space"],
        ["--name", "x" * 65],
        ["--name", "evil\u202ename"],
        ["--name", "n", "--role", "king"],
        ["--name", "n", "--expires", "0"],
        ["--name", "n", "--expires", "-1d"],
        ["--name", "n", "--expires", "soon"],
        ["--name", "n", "--expires", "9999d"],
    ],
)
def test_what_makes_no_sense_is_refused(app: Flask, arguments: list[str]) -> None:
    assert run(app, "create", *arguments).exit_code == 2
    assert list_keys(app, "--all") == []
