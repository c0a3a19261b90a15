"""Boards: who comes back is sent what it missed, or is told honestly to start again."""

from typing import Any

import pytest

from domain.store.redis import keys
from tests.web.live.boards import Client, PlayedBoard
from tests.web.live.conftest import Connect
from tests.web.live.server import Server
from workers.context import WorkerContext

Event = dict[str, Any]


@pytest.fixture
def board(worker_context: WorkerContext) -> PlayedBoard:
    """A board of two players who tie in the end."""
    board = PlayedBoard(worker_context, ties="competition")
    board.players = board.begin(7, 5)  # type: ignore[attr-defined]
    return board


def cut(client: Client, board: PlayedBoard) -> dict[str, Any]:
    """Cut a client's connection, and return the position from which it goes on."""
    client.hear_until(board, 10)
    client.listener.raw.shutdown()
    epoch, seq = client.position
    return {"epoch": epoch, "seq": seq}


def resume(server: Server, connect: Connect, client: Client, since: Any) -> Event:
    """Let the client come back with what it knows, and return `subscribed`."""
    client.listener = connect(server)
    client.listener.say(op="subscribe", channel=client.channel, id="again", since=since)
    return client.listener.hear_until("subscribed", id="again")


def test_what_was_missed_comes_as_changes(
    server: Server, connect: Connect, board: PlayedBoard
) -> None:
    ann, bob = board.players  # type: ignore[attr-defined]
    # There is another one, or nobody, to follow meanwhile.
    other = Client(connect(server), board)
    for is_alone in (False, True):
        client = Client(connect(server), board)
        since = cut(client, board)
        if is_alone:
            cut(other, board)
        board.act((bob, 1))
        board.act((ann, 1), (bob, 2))
        if not is_alone:
            other.hear_until(board, 10)
        subscribed = resume(server, connect, client, since)
        assert subscribed["recovered"] is True
        client.hear_until(board, 10)
        assert client.rows == board.list_rows(10)


def test_nothing_missed_is_no_event(server: Server, connect: Connect, board: PlayedBoard) -> None:
    ann, _ = board.players  # type: ignore[attr-defined]
    client = Client(connect(server), board)
    subscribed = resume(server, connect, client, cut(client, board))
    assert subscribed["recovered"] is True
    assert (subscribed["epoch"], subscribed["seq"]) == client.position
    board.act((ann, 1))
    client.hear_until(board, 10)


@pytest.mark.parametrize("since", [("e", 1), ("", 0), (None, 10**9)])
def test_another_position_begins_with_a_snapshot(
    server: Server, connect: Connect, board: PlayedBoard, since: tuple[str | None, int]
) -> None:
    client = Client(connect(server), board)
    epoch, seq = since
    position = {"epoch": client.position[0] if epoch is None else epoch, "seq": seq}
    assert resume(server, connect, client, position)["recovered"] is False
    assert client.hear()["event"] == "snapshot"
    assert client.rows == board.list_rows(10)


@pytest.mark.parametrize("since", [{"epoch": "e", "seq": -1}, {"epoch": "e", "seq": "abc"}, [], 5])
def test_a_malformed_position_is_an_error(
    server: Server, connect: Connect, board: PlayedBoard, since: Any
) -> None:
    for channel in (f"leaderboard:{board.slug}", f"around:{board.slug}:self", "around:self"):
        listener = connect(server)
        listener.say(op="subscribe", channel=channel, id=1, since=since)
        error = listener.hear()
        assert (error["event"], error["code"]) == ("error", "INVALID_PAYLOAD")


def test_positions_that_begin_anew_are_no_past(
    server: Server, connect: Connect, worker_context: WorkerContext, board: PlayedBoard
) -> None:
    ann, _ = board.players  # type: ignore[attr-defined]
    client = Client(connect(server), board)
    stays = Client(connect(server), board)
    since = cut(client, board)
    key = keys.ranking_position(board.ranking_no)
    worker_context.store.redis.run(lambda redis: redis.delete(key))
    board.act((ann, 1))
    stays.hear_until(board, 10)
    assert resume(server, connect, client, since)["recovered"] is False
    client.hear()
    assert client.rows == board.list_rows(10)


def test_the_rows_around_oneself_always_begin_with_a_snapshot(
    server: Server, connect: Connect, board: PlayedBoard
) -> None:
    listener = connect(server)
    for channel in (f"around:{board.slug}:self", "around:self"):
        since = {"epoch": "", "seq": 0}
        listener.say(op="subscribe", channel=channel, id=1, since=since)
        subscribed = listener.hear()
        assert (subscribed["recovered"], subscribed["epoch"], subscribed["seq"]) == (False, "", 0)
        assert listener.hear()["event"] == "snapshot"
