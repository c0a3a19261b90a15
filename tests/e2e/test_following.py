"""A request is traced by its id through the logs of every process, as the runbook says."""

import json
import subprocess
from typing import Any

from tests.e2e.api import Api, action
from tests.e2e.stack import Stack
from tests.local.project import wait_for

LINKS = ["screen", "score", "refresh", "audit", "broadcast"]


def test_two_greps_follow_a_request_from_its_id_to_the_listeners(stack: Stack, api: Api) -> None:
    answer = api.complete(api.register()["accessToken"], 5)
    assert answer.status == 200
    assert_followed(stack, answer.headers["x-request-id"])


def test_an_id_that_the_client_chose_is_followed_as_well(stack: Stack, api: Api) -> None:
    chosen = "checkout-7f3a_of-my-game"
    token = api.register()["accessToken"]
    answer = api.call("POST", "/api/actions/complete", action(5), token=token, X_Request_ID=chosen)
    assert answer.headers["x-request-id"] == chosen
    assert_followed(stack, chosen)


def assert_followed(stack: Stack, request_id: str) -> None:
    # The access log, of which a sample is written, has a line with this id too.
    (accepted,) = (line for line in grep(stack, request_id) if line["event"] == "batch accepted")
    assert accepted["process"] == "api"
    assert accepted["request_ids"] == [request_id]

    def whole() -> bool:
        return sum(1 for line in grep(stack, accepted["batch_id"])) == 2 + len(LINKS)

    wait_for(whole, "the last link's line", lambda: str(grep(stack, accepted["batch_id"])))
    lines = grep(stack, accepted["batch_id"])
    assert all(line["batch_id"] == accepted["batch_id"] for line in lines)
    links = [line for line in lines if line["event"] == "link run"]
    assert sorted(line["link"] for line in links) == sorted(LINKS)
    assert {line["outcome"] for line in links} == {"moved"}
    assert {line["process"] for line in links} <= {"worker.1", "worker.2"}
    (told,) = (line for line in lines if line["event"] == "batch broadcast")
    assert told["process"] == "live"


def grep(stack: Stack, word: str) -> list[dict[str, Any]]:
    """Return the lines of all logs that contain this word, in order of time."""
    found = subprocess.run(
        ["sh", "-c", f"grep -h {word} logs/*.log*"],
        cwd=stack.home,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    return sorted(lines, key=lambda line: line["timestamp"])
