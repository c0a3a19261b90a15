"""Actions that need a decision by an operator: held and failed ones."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.e2e.api import Answer, Api
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


def test_a_moderator_claims_a_case_and_decides_over_http(stack: Stack, api: Api) -> None:
    player = api.register()
    held = hold_two(api, player["accessToken"])
    issued = stack.flask("tokens", "issue", "--role", "moderator")
    assert issued.returncode == 0, issued.stderr
    moderator = issued.stdout.strip()
    own = {"message": "I have practised."}
    path = f"/api/actions/{held[1]}/appeal"
    assert api.call("POST", path, own, token=player["accessToken"]).status == 201
    listed = api.get(f"/api/moderation/cases?user={player['userId']}", token=moderator).body
    (case,) = listed["cases"]
    assert (case["heldActions"], case["heldScore"], case["openAppeals"]) == (2, 2000, 1)
    path = f"/api/moderation/cases/{case['caseId']}"
    assert api.call("POST", f"{path}/claim", token=moderator).status == 200
    # A decision is taken on what the audit log has.
    for action_id in held:
        transitions(stack, action_id, count=1)
    for decision, action_id, status in (
        ("reject", held[0], "rejected"),
        ("release", held[1], "applied"),
        ("void", held[1], "voided"),
        ("restore", held[1], "applied"),
    ):
        decided = decide(api, moderator, action_id, decision)
        assert decided["status"] in ("pending", status)
        status_of(api, player, action_id, status)
    assert api.get(path, token=moderator).body["state"] == "closed"
    traced = api.get(f"/api/moderation/actions/{held[1]}/trace", token=moderator).body
    assert [act["kind"] for act in traced["decisions"]] == ["release", "void", "restore"]
    assert traced["appeal"]["state"] == "granted"
    found = api.get(f"/api/users/{player['userId']}/score", token=player["accessToken"]).body
    assert found["score"] == 6000


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


def decide(api: Api, token: str, action_id: str, decision: str) -> dict[str, Any]:
    """Decide on an action, again while the audit log does not have its status yet."""
    path, body = f"/api/moderation/actions/{action_id}/decision", {"reason": "seen"}
    answers: list[Answer] = []

    def is_decided() -> bool:
        time.sleep(ASK_EVERY_SECONDS)
        answers.append(api.call("POST", path, {**body, "decision": decision}, token=token))
        return answers[-1].status in (200, 202)

    wait_for(is_decided, f"{decision} of {action_id}", lambda: answers[-1].text, DECIDED_SECONDS)
    return answers[-1].body


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
