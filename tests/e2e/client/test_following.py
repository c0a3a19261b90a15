"""A board that is followed is right by itself, whatever happens to the connection."""

from typing import Any

import pytest

from tests.e2e.api import Api
from tests.e2e.client.driver import ClientPage
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended


def read_board(api: Api, limit: int = 10) -> list[list[Any]]:
    """Return the first rows as the API has them: rank, name, score."""
    token = api.call("POST", "/api/auth/spectate").body["accessToken"]
    rows = api.get(f"/api/leaderboard?limit={limit}", token=token).body["leaderboard"]
    return [[row["rank"], row["username"], row["score"]] for row in rows]


def test_changes_lead_to_the_board_that_the_server_has(client: ClientPage, api: Api) -> None:
    players = [api.register() for _ in range(12)]
    for player in players[:3]:
        api.complete(player["accessToken"], 500)
    client.start().wait_live()
    assert client.rows == read_board(api)
    before = client.ask("told.changes.length")
    # Some leave the first ten, and some ranks are passed twice.
    for index, player in enumerate([*players, *reversed(players)]):
        assert api.complete(player["accessToken"], 600 + 7 * index % 90).status == 200
    client.wait(lambda: client.rows == read_board(api))
    later = client.ask(f"told.changes.slice({before}).map((change) => change.event)")
    assert set(later) == {"leaderboard_changed"}
    assert client.states == ["live"]


def test_a_spectator_watches_and_plays_as_a_guest_on_the_same_page(
    client: ClientPage, api: Api
) -> None:
    client.start().wait_live()
    assert client.ask("session.kind") == "spectator"
    refused = client.ask("play(1)")
    assert (refused["status"], refused["body"]["error"]["code"]) == (403, "FORBIDDEN")

    client.ask("session.becomeGuest()")
    assert client.ask("[session.kind, session.isPlayer]") == ["guest", True]
    actions = [client.play(700), client.play(800)]
    client.wait(lambda: client.own_actions == actions)
    client.wait_for("board.you?.score === 1500 && laurel.own.you?.score === 1500")
    # The board was there all the time.
    assert client.states == ["live"]
    assert client.ask("board.you.rank") == client.ask("laurel.own.you.rank")


def test_nothing_is_missed_when_the_live_process_is_killed_and_comes_back(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    client.start().wait_live()
    client.ask("session.becomeGuest()")
    actions = [client.play(100)]
    client.wait(lambda: client.own_actions == actions)
    snapshots = client.ask("told.own.filter((event) => event.event === 'snapshot').length")
    stack.kill("live")
    client.wait_for("laurel.state.state === 'offline'")
    # What happens now, nobody is told by the process that comes.
    actions += [client.play(200), client.play(300)]
    assert api.complete(api.register()["accessToken"], 999).status == 200
    client.wait_live()
    client.wait(lambda: client.own_actions == actions)
    client.wait(lambda: client.rows == read_board(api))
    assert client.ask("laurel.own.you.score") == 600
    assert client.states == ["live", "offline", "catching up", "live"]
    assert client.ask("told.own.filter((event) => event.event === 'snapshot').length") == snapshots

    actions.append(client.play(50))
    client.wait(lambda: client.own_actions == actions)


def test_a_channel_that_is_not_there_ends_and_the_others_go_on(client: ClientPage) -> None:
    client.start(channel="leaderboard:nowhere").wait_for("told.ended.length === 1")
    assert client.ask("told.ended[0].code") == "NOT_FOUND"
    client.wait_live()
    assert client.ask("laurel.own.isKnown")
