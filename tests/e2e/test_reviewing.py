"""Actions that need a decision by an operator: held and failed ones."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.e2e.api import Api
from tests.e2e.stack import Stack
from tests.local.project import wait_for

POISON_SECONDS = 60.0
DECIDED_SECONDS = 15.0
# A player may send a hundred requests a minute.
ASK_EVERY_SECONDS = 0.8
# Scoring the action fails every time.
POISON = """
    CREATE FUNCTION be_poisonous() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
    CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON user_actions FOR EACH ROW
        WHEN (NEW.action_type = 'poison' AND NEW.status = 'applied')
        EXECUTE FUNCTION be_poisonous();
"""
CURE = "DROP TRIGGER IF EXISTS poison ON user_actions; DROP FUNCTION IF EXISTS be_poisonous()"


@pytest.fixture(scope="module", autouse=True)
def poisoned(stack: Stack) -> Iterator[dict[str, Any]]:
    """A player whose action cannot be applied; sent first, because isolating it takes time."""
    change(stack, POISON)
    try:
        with stack.api() as api:
            player = api.register()
            sent = api.complete(player["accessToken"], 70, metadata={"actionType": "poison"})
        assert sent.status == 202, sent.text
        yield player | sent.body
    finally:
        change(stack, CURE)


def test_a_held_action_counts_when_released_and_not_when_rejected(stack: Stack, api: Api) -> None:
    player = api.register()
    held = hold_two(api, player["accessToken"])
    listed = list_held(stack)
    assert {listed[action_id]["reason"] for action_id in held} == {"SCORE_BURST"}
    assert {listed[action_id]["username"] for action_id in held} == {player["username"]}

    for decision, action_id in zip(("release", "reject"), held, strict=True):
        decided = stack.flask("actions", decision, action_id, "--reason", "seen", "--by", "ada")
        assert decided.returncode == 0, decided.stderr
    assert status_of(api, player, held[0], "applied")["newScore"] == 6000
    assert status_of(api, player, held[1], "rejected")["newScore"] is None
    found = api.get(f"/api/users/{player['userId']}/score", token=player["accessToken"]).body
    assert found["score"] == 6000
    assert transitions(stack, held[0]) == ["quarantined", "applied"]
    assert transitions(stack, held[1]) == ["quarantined", "rejected"]

    again = stack.flask("actions", "release", held[0], "--reason", "twice")
    assert again.returncode == 2
    assert "the action is applied: nothing to release" in again.stderr


def test_a_poisonous_action_fails_alone_and_counts_after_a_retry(
    stack: Stack, api: Api, poisoned: dict[str, Any]
) -> None:
    action_id = poisoned["actionId"]
    assert status_of(api, poisoned, action_id, "failed", POISON_SECONDS)["newScore"] is None
    # A decision is taken on what the audit log has.
    assert transitions(stack, action_id, count=1) == ["failed"]
    change(stack, CURE)
    decided = stack.flask("actions", "retry", action_id, "--reason", "the trigger is gone")
    assert decided.returncode == 0, decided.stderr
    assert status_of(api, poisoned, action_id, "applied")["newScore"] == 70
    assert transitions(stack, action_id) == ["failed", "applied"]


def hold_two(api: Api, token: str) -> list[str]:
    """Return two actions above the hourly threshold, which are held for review."""
    for _ in range(5):
        assert api.complete(token, 1000).status == 200
    answers = [api.complete(token, 1000) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert {answer.body["status"] for answer in answers} == {"quarantined"}
    return [answer.body["actionId"] for answer in answers]


def list_held(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return what `actions list` shows, by action id."""
    listed = stack.flask("actions", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    return {row["actionId"]: row for row in map(json.loads, listed.stdout.splitlines())}


def status_of(
    api: Api,
    player: dict[str, Any],
    action_id: str,
    status: str,
    seconds: float = DECIDED_SECONDS,
) -> dict[str, Any]:
    """Return the action once it has this status."""
    seen: dict[str, Any] = {}

    def has_come() -> bool:
        time.sleep(ASK_EVERY_SECONDS)
        seen.update(api.get(f"/api/actions/{action_id}", token=player["accessToken"]).body)
        return bool(seen.get("status") == status)

    wait_for(has_come, f"{action_id} to be {status}", lambda: str(seen), seconds)
    return seen


def transitions(stack: Stack, action_id: str, *, count: int = 2) -> list[str]:
    """Return the statuses of an action in the audit log, in order, once there are so many."""
    rows: list[str] = []

    def are_there() -> bool:
        with closing(psycopg2.connect(stack.store_urls()[0])) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT leaf->>4 FROM audit_log, json_array_elements(leaves::json) leaf"
                " WHERE leaf->>1 = %s ORDER BY seq",
                (action_id,),
            )
            rows[:] = [status for (status,) in cursor.fetchall()]
        return len(rows) == count

    wait_for(are_there, f"{count} entries of {action_id}", lambda: str(rows), DECIDED_SECONDS)
    return rows


def change(stack: Stack, statement: str) -> None:
    """Run a statement that Laurel itself never runs."""
    with closing(psycopg2.connect(stack.store_urls()[0])) as connection, connection:
        connection.cursor().execute(statement)
