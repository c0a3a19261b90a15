"""A listener on a real socket receives the effects of a POST to the real API."""

from types import SimpleNamespace

import pytest

from tests.e2e.api import Api
from tests.e2e.stack import Stack
from tests.web.live.client import Listener
from tests.web.live.streams.stream import Stream

SPECIFIED = {"event", "userId", "newScore", "scoreIncrease", "newRank", "timestamp"}


def test_a_player_gets_all_three_events_and_others_get_the_board(stack: Stack, api: Api) -> None:
    player, watcher = api.register(), api.register()
    with listen(stack, player) as own, listen(stack, watcher) as other:
        for listener in (own, other):
            _, snapshot = listener.subscribe(limit=100)
            assert player["userId"] not in {row["userId"] for row in snapshot["leaderboard"]}
        answer = api.complete(player["accessToken"], 990)
        assert answer.status == 200
        rank = answer.body["leaderboardPosition"]

        score = own.hear_until("score_updated", channel="user:self")
        assert score.keys() >= SPECIFIED
        assert (score["userId"], score["newScore"]) == (player["userId"], 990)
        assert (score["scoreIncrease"], score["newRank"]) == (990, rank)
        position = own.hear_until("user_position_changed")
        assert position.keys() >= SPECIFIED
        assert (position["newRank"], position["previousRank"]) == (rank, None)

        changed = other.hear_until("leaderboard_changed")
        moved = {change["userId"]: change for change in changed["changes"]}
        assert moved[player["userId"]]["newRank"] == rank
        assert moved[player["userId"]]["score"] == 990


def test_a_browser_connects_with_a_ticket_that_works_once(stack: Stack, api: Api) -> None:
    player = api.register()
    origin = f"http://127.0.0.1:{stack.port}"
    ticket = api.call(
        "POST", "/api/realtime/ticket", token=player["accessToken"], Origin=origin
    ).body
    assert ticket["url"] == stack.socket_url
    offer = {
        "subprotocols": ["laurel.v1", f"ticket.{ticket['ticket']}"],
        "suppress_origin": False,
        "origin": origin,
    }
    with Listener(ticket["url"], [], **offer) as listener:
        assert listener.raw.getsubprotocol() == "laurel.v1"
        listener.subscribe()
    with pytest.raises(Exception, match="401"), Listener(ticket["url"], [], **offer):
        pass


def test_the_api_port_refuses_sockets_with_426(api: Api) -> None:
    assert api.get("/ws").status == 426


def test_a_stream_is_on_the_live_port_and_has_the_same_events(stack: Stack, api: Api) -> None:
    refused = api.get("/api/stream?channels=leaderboard")
    assert (refused.status, refused.body["error"]["code"]) == (421, "MISDIRECTED_REQUEST")
    assert refused.body["error"]["details"]["url"].endswith(f":{stack.live_port}/api/stream")
    player = api.register()
    token = {"Authorization": f"Bearer {player['accessToken']}"}
    live = SimpleNamespace(port=stack.live_port)
    with Stream(live, token, channels="leaderboard,user:self", limit="100") as stream:
        stream.hear_until("snapshot", channel="user:self")
        assert api.complete(player["accessToken"], 985).status == 200
        own = stream.hear_until("score_updated", channel="user:self")
        assert (own["userId"], own["newScore"]) == (player["userId"], 985)


def listen(stack: Stack, player: dict[str, str]) -> Listener:
    """Return a socket of this player."""
    return Listener(stack.socket_url, [f"Authorization: Bearer {player['accessToken']}"])
