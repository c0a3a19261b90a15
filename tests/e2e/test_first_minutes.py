"""What a new user does first: start, paste the command, look at the leaderboard."""

import json
import subprocess
import urllib.request
from typing import Any

from domain.store.durability import find_missing_guarantees
from domain.store.store import connect
from tests.e2e.api import Answer, Api
from tests.e2e.stack import Stack
from tests.factories import make_settings
from tests.local.project import wait_for

BOARD = "/api/leaderboard?limit=100"
FRESH_SECONDS = 2.0


def test_the_start_prints_all_addresses(stack: Stack) -> None:
    said = stack.said()
    for address in (
        f"http://127.0.0.1:{stack.port}/",
        f"http://127.0.0.1:{stack.port}/docs",
        f"http://127.0.0.1:{stack.port}/health",
        f"http://127.0.0.1:{stack.flower_port}/",
        stack.socket_url,
        str(stack.home / "logs"),
    ):
        assert f" {address}\n" in said
    assert stack.printed_token() in stack.printed_curl()


def test_the_stores_that_the_launcher_runs_are_fit_for_production(stack: Stack) -> None:
    store = connect(make_settings(database_url=stack.store_urls()[0]))
    with store.write() as connection:
        assert find_missing_guarantees(connection) == []
    store.close()


def test_the_printed_curl_works_and_is_a_duplicate_the_second_time(stack: Stack) -> None:
    first, second = (paste(stack.printed_curl()) for _ in range(2))
    assert first["status"] == 200
    assert first["success"] is True
    assert first["newScore"] == first["previousScore"] + 150
    assert first["leaderboardPosition"] >= 1
    assert second["status"] == 409
    assert second["error"]["code"] == "DUPLICATE_ACTION"
    result = second["error"]["details"]["result"]
    assert result["status"] == "applied"
    assert result["newScore"] == first["newScore"]


def test_a_player_reads_what_was_answered(api: Api) -> None:
    # One connection: the system has two processes of the API, and this one must show it at once.
    player = api.register()
    answered, stale = 0, []
    for number in range(1, 51):
        answer = api.complete(player["accessToken"], 10)
        if answer.status != 200:
            continue
        answered += 1
        rows = api.get(BOARD, token=player["accessToken"]).body["leaderboard"]
        own = next((row for row in rows if row["username"] == player["username"]), None)
        rank = answer.body["leaderboardPosition"]
        if rank <= 100 and (own is None or own["score"] < answer.body["newScore"]):
            stale.append(number)
    assert answered
    assert stale == []


def test_an_action_can_be_read_and_is_in_the_history(api: Api) -> None:
    token = api.register()["accessToken"]
    ids = [api.complete(token, score).body["actionId"] for score in (10, 20, 30, 40, 50)]
    one = api.get(f"/api/actions/{ids[2]}", token=token)
    assert one.status == 200
    assert one.body["status"] == "applied"
    assert (one.body["previousScore"], one.body["newScore"]) == (30, 60)
    assert one.body["acceptedAt"] <= one.body["completedAt"]

    pages, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/actions?limit=2{cursor and '&cursor=' + cursor}", token=token).body
        pages.append([entry["actionId"] for entry in page["actions"]])
        cursor = page["nextCursor"]
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    stranger = api.register()["accessToken"]
    assert api.get(f"/api/actions/{ids[2]}", token=stranger).status == 404


def test_the_board_has_the_shape_of_the_specification_and_an_etag(api: Api) -> None:
    player = api.register()
    answer = api.complete(player["accessToken"], 999)
    assert answer.status == 200
    board = board_with(api, player, score=999)
    rows = board.body["leaderboard"]
    row = find_row(board, player)
    assert set(row) == {"rank", "userId", "username", "score", "lastUpdate"}
    assert row["username"] == player["username"]
    assert row["rank"] == answer.body["leaderboardPosition"]
    assert board.body["totalUsers"] >= len(rows)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)

    tag = board.headers["etag"]
    same = api.get(BOARD, token=player["accessToken"], If_None_Match=tag)
    assert (same.status, same.text) == (304, "")
    assert api.complete(player["accessToken"], 1).status == 200
    board_with(api, player, score=1000)
    other = api.get(BOARD, token=player["accessToken"], If_None_Match=tag)
    assert other.status == 200
    assert other.headers["etag"] != tag


def test_a_second_start_on_the_same_home_prints_the_address_of_the_first(stack: Stack) -> None:
    refused = stack.run("serve")
    assert refused.returncode == 1
    assert f"http://127.0.0.1:{stack.port}" in refused.stderr
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/health/live") as answer:
        assert answer.status == 200


def board_with(api: Api, player: dict[str, Any], *, score: int) -> Answer:
    """Return the board once it shows the player's score; it may be 0.1 s old."""
    seen: list[Answer] = []

    def shows() -> bool:
        seen.append(api.get(BOARD, token=player["accessToken"]))
        return find_row(seen[-1], player).get("score") == score

    wait_for(shows, f"the score {score} on the board", lambda: seen[-1].text, FRESH_SECONDS)
    return seen[-1]


def find_row(board: Answer, player: dict[str, Any]) -> dict[str, Any]:
    """Return the player's row, or an empty dict when there is none."""
    rows = board.body["leaderboard"]
    return next((row for row in rows if row["userId"] == player["userId"]), {})


def paste(line: str) -> dict[str, object]:
    """Run the command in a shell and return the answer with its status."""
    pasted = subprocess.run(
        ["/bin/sh", "-c", f"{line} -w '\\n%{{http_code}}'"],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = pasted.stdout.rpartition("\n")
    return {**json.loads(body), "status": int(status)}
