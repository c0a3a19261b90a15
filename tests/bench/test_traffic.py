"""What the generator sends, and what it records of the answers."""

import json
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from bench.generator.traffic import Alternating, Batches, Ranks, Reads, Singles
from rig.players import Player

PLAYERS = [Player(str(uuid4()), f"token-{number}") for number in range(5)]


def split(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """Return the first line, the headers and the body, after a check of its length."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers.get("Content-Length", 0)) == len(body)
    return first, headers, body


def test_single_actions_have_new_ids_and_the_token_of_their_player() -> None:
    singles = Singles("host", PLAYERS, prefer="respond-async", each_once=False)
    ids = set()
    for _ in range(200):
        request, (action_id, player, score) = singles.next_request() or pytest.fail("no request")
        first, headers, body = split(request)
        action = json.loads(body)
        assert first == "POST /api/actions/complete HTTP/1.1"
        assert headers["Authorization"] == f"Bearer {PLAYERS[player].token}"
        assert headers["Prefer"] == "respond-async"
        assert (action["actionId"], action["score"]) == (action_id, score)
        assert UUID(action_id).version == 4
        assert datetime.fromisoformat(action["timestamp"]).tzinfo is not None
        assert 100 <= score <= 999
        ids.add(action_id)
    assert len(ids) == 200


def test_each_once_sends_one_action_of_every_player() -> None:
    singles = Singles("host", PLAYERS, prefer="", each_once=True)
    players = []
    while (request := singles.next_request()) is not None:
        players.append(request[1][1])
    assert players == [0, 1, 2, 3, 4]


def test_an_action_of_a_batch_that_failed_alone_is_not_acknowledged() -> None:
    batches = Batches("host", PLAYERS, token="service", size=3, prefer="")
    request, entries = batches.next_request()
    sent = json.loads(split(request)[2])["actions"]
    assert [action["userId"] for action in sent] == [PLAYERS[e[1]].user_id for e in entries]
    failed = entries[1][0]
    results = [{"actionId": e[0], "status": "applied"} for e in entries]
    results[1] = {"actionId": failed, "error": {"code": "INVALID_PAYLOAD"}}  # type: ignore[dict-item]  # JSON
    body = json.dumps({"results": results}, separators=(",", ":")).encode()
    batches.record_answer(entries, 200, body)
    assert [(entry[0], entry[3]) for entry in batches.sent_log] == [
        (entries[0][0], 200),
        (failed, 400),
        (entries[2][0], 200),
    ]
    assert failed.encode() in batches.unexpected


def test_reads_send_no_body() -> None:
    request, _ = Reads("host", PLAYERS, path="/api/leaderboard").next_request()
    first, headers, body = split(request)
    assert first == "GET /api/leaderboard HTTP/1.1"
    assert headers["Authorization"].startswith("Bearer token-")
    assert body == b""


def test_look_ups_are_of_all_players_and_follow_each_action() -> None:
    everyone = [*PLAYERS, Player(str(uuid4()), "")]
    ranks = Ranks("host", everyone, token="reader")
    traffic = Alternating(Singles("host", PLAYERS, prefer="", each_once=False), ranks)
    looked_up = set()
    for number in range(200):
        request, entry = traffic.next_request() or pytest.fail("no request")
        first, headers, _ = split(request)
        if number % 2 == 0:
            assert first.startswith("POST /api/actions/complete ")
        else:
            assert headers["Authorization"] == "Bearer reader"
            looked_up.add(first.removeprefix("GET /api/users/").partition("/score")[0])
        traffic.record_answer(entry, 200, b"")
    assert looked_up == {player.user_id for player in everyone}
    assert len(traffic.sent_log) == 100
    assert traffic.unexpected == b""
    traffic.record_answer((1, True), 404, b"gone")
    assert traffic.unexpected == b"gone"
