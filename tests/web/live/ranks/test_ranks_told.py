"""Players hear of their ranks when others have moved them, through the whole pipeline."""

from typing import Any
from uuid import UUID

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.ranks.playing import Game
from tests.web.live.server import Server
from workers.context import WorkerContext

Event = dict[str, Any]
SCORES = range(300, 140, -10)


def connect_at(server: Server, connect: Connect, player: UUID) -> tuple[Listener, Event]:
    """Open a socket, and return it with its own position as the server says it."""
    listener = connect(server, player)
    listener.say(op="subscribe", channel="user:self", id="own")
    return listener, listener.hear_until("snapshot", channel="user:self")


def hear_moved(listener: Listener) -> Event:
    """Return the next event of one's own, which must be a change of the position."""
    event = listener.hear()
    assert event["event"] == "user_position_changed"
    return event


def test_whom_others_pass_beyond_the_top_is_told(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    me = game.players[12]
    listener, snapshot = connect_at(server, connect, me)
    assert snapshot["you"]["rank"] == 13
    game.act((game.players[15], 100))
    event = hear_moved(listener)
    assert (event["previousRank"], event["newRank"], event["reason"]) == (13, 14, "overtaken")
    assert (event["userId"], event["newScore"], event["scoreIncrease"]) == (str(me), 180, 0)
    # It leads on from where the channel was, and what comes next leads on from it.
    assert (event["epoch"], event["from"]) == (snapshot["epoch"], snapshot["seq"])
    assert event["seq"] > event["from"]
    game.act((me, 1))
    own = listener.hear_until("score_updated", channel="user:self")
    assert (own["from"], own["newRank"]) == (event["seq"], 14)


def test_who_has_just_come_and_asked_for_nothing_is_told(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    listeners = [connect(server, player) for player in game.players]
    game.act((game.players[15], 200))
    for rank, listener in enumerate(listeners[:15], start=1):
        event = hear_moved(listener)
        assert (event["previousRank"], event["newRank"]) == (rank, rank + 1)
    acted = listeners[15].hear_until("user_position_changed")
    assert (acted["newRank"], acted["reason"]) == (1, "advanced")
    # Nobody is told twice.
    assert listeners[15].hears_nothing(1.2)
    assert listeners[3].hears_nothing(0.1)


def test_all_sockets_of_a_player_are_told_at_one_position(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    me = game.players[13]
    early, _ = connect_at(server, connect, me)
    game.act((game.players[14], 15))
    assert hear_moved(early)["newRank"] == 15
    late, snapshot = connect_at(server, connect, me)
    assert snapshot["you"]["rank"] == 15
    game.act((game.players[15], 100))
    first, second = hear_moved(early), hear_moved(late)
    assert first == second
    assert second["from"] == snapshot["seq"]


def test_each_rank_ends_at_the_true_one(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    listeners = {player: connect(server, player) for player in game.players}
    for number in range(25):
        acting = [game.players[(number * 7 + step * 3) % 16] for step in range(3)]
        game.act(*((player, (number * 13) % 40) for player in acting))
    for player, listener in listeners.items():
        rank = None
        while rank != game.rank(player):
            event = listener.hear()
            rank = event.get("newRank", rank)
        assert listener.hears_nothing(0.01) or game.rank(player) == rank


def test_ranks_go_on_when_redis_comes_back(
    start_server: StartServer,
    connect: Connect,
    worker_context: WorkerContext,
    redis_server: RedisServer,
) -> None:
    game = Game(worker_context, *SCORES)
    server = start_server(redis_url=redis_server.url)
    me = game.players[12]
    listener, snapshot = connect_at(server, connect, me)
    assert snapshot["you"]["rank"] == 13
    redis_server.kill()
    wait_until(lambda: server.health("ready")["status"] == "degraded")
    # SQL is read now and then, and says it by a snapshot.
    game.act((game.players[15], 100))
    told = listener.hear_until("snapshot", channel="user:self")
    assert (told["you"]["rank"], told["epoch"], told["seq"]) == (14, "", 0)
    redis_server.start()
    wait_until(lambda: server.health("ready")["status"] == "ok")
    assert listener.hear_until("snapshot", channel="user:self")["you"]["rank"] == 14
    assert rebuild_board(worker_context.store, board=GLOBAL_BOARD)
