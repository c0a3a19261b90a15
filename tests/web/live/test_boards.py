"""Channels of boards: snapshots, changes, the rows around oneself, and who may follow what."""

import random
import time
from uuid import uuid4

import pytest

from domain.store.redis.ranking_bus import list_followed
from tests.waiting import wait_until
from tests.web.live.boards import Client, PlayedBoard
from tests.web.live.conftest import Connect
from tests.web.live.server import Server
from workers.context import WorkerContext


def test_a_snapshot_says_what_is_shown(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(
        worker_context,
        period={"kind": "daily"},
        tieBreakers=[{"value": "metadata.level", "direction": "asc"}],
    )
    (ann, _) = board.begin(7, 5)
    listener = connect(server)
    listener.say(op="subscribe", channel=f"leaderboard:{board.slug}", id=1, limit=1)
    subscribed, snapshot = listener.hear(), listener.hear()
    assert subscribed["channel"] == snapshot["channel"] == f"leaderboard:{board.slug}"
    assert (subscribed["epoch"], subscribed["seq"]) == (snapshot["epoch"], snapshot["seq"])
    assert snapshot["epoch"]
    period = board.current.period
    assert (snapshot["board"], snapshot["boardVersion"]) == (board.slug, 1)
    assert (snapshot["period"], snapshot["segment"]) == (period.key, None)
    assert snapshot["totalUsers"] == 2
    (row,) = snapshot["leaderboard"]
    assert (row["index"], row["rank"], row["userId"], row["score"]) == (0, 1, str(ann), 7)
    assert row["username"]
    assert row["columns"] == [5]


@pytest.mark.parametrize("ties", ["firstToReach", "competition", "dense"])
def test_changes_put_in_are_the_next_snapshot(
    server: Server, connect: Connect, worker_context: WorkerContext, ties: str
) -> None:
    board = PlayedBoard(worker_context, ties=ties, aggregate="latest")
    chance = random.Random(ties)
    players = board.begin(*(chance.randrange(5) for _ in range(8)))
    clients = [(Client(connect(server), board, limit=limit), limit) for limit in (3, 5, 100)]
    wait_until(lambda: board.ranking_no in list_followed(worker_context.store.redis))
    for _ in range(25):
        acting = chance.sample(players, chance.randrange(1, 4))
        if chance.random() < 0.2:
            acting.append(uuid4())
            players.append(acting[-1])
        board.act(*((player, chance.randrange(5)) for player in acting))
    for client, limit in clients:
        client.hear_until(board, limit)
        assert client.total == len(players)


def test_a_change_comes_at_once(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    ann, bob = board.begin(7, 5)
    client = Client(connect(server), board)
    epoch, seq = client.position
    board.act((bob, 9))
    event = client.hear()
    assert event["event"] == "leaderboard_changed"
    assert (client.position, event["board"]) == ((epoch, seq + 1), board.slug)
    assert [(c["userId"], c["newRank"], c["previousRank"]) for c in event["changes"]] == [
        (str(bob), 1, 2),
        (str(ann), 2, 1),
    ]


def test_where_they_were_who_come_into_view_is_told(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    *_, cid = board.begin(7, 5, 3)
    client, dan = Client(connect(server), board, limit=1), uuid4()
    for player, score, before in ((cid, 30, 3), (dan, 60, None)):
        board.act((player, score))
        (change,) = client.hear()["changes"]
        assert (change["userId"], change["newRank"]) == (str(player), 1)
        assert change["previousRank"] == before


def test_what_workers_did_not_publish_yet_is_shown_soon(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    (ann,) = board.begin(7)
    # The worker looks before anybody follows, and does not look again for a second.
    board.act((ann, 1))
    client = Client(connect(server), board)
    board.act((ann, 2))
    client.hear_until(board, 10)
    assert client.rows == [(0, 1, str(ann), 10)]


def test_the_first_action_of_a_ranking_is_shown(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    client = Client(connect(server), board)
    assert (client.rows, client.total, client.position) == ([], 0, ("", 0))
    ann = uuid4()
    board.act((ann, 7))
    client.hear_until(board, 10)
    board.trust([ann])
    board.act((ann, 7))
    client.hear_until(board, 10)
    while not client.position[0]:
        client.hear()
    board.act((ann, 7))
    client.hear_until(board, 10)
    assert client.rows == [(0, 1, str(ann), 21)]


def test_who_comes_right_after_the_last_follower_is_shown_what_happened_between(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    (ann,) = board.begin(7)
    first = Client(connect(server), board)
    board.act((ann, 1))
    first.hear_until(board, 10)
    first.listener.say(op="unsubscribe", channel=first.channel, id="bye")
    first.listener.hear_until("unsubscribed")
    board.act((ann, 1))
    second = Client(connect(server), board)
    second.hear_until(board, 10)
    assert second.rows == [(0, 1, str(ann), 9)]


def test_segments_are_followed_apart(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    north = PlayedBoard(worker_context, segment="north", by="metadata.side")
    ann, bob = uuid4(), uuid4()
    north.act((ann, 5), metadata='{"actionType":"x","side":"north"}')
    north.trust([ann])
    client = Client(connect(server), north, segment="north")
    assert client.rows == [(0, 1, str(ann), 5)]
    north.act((bob, 9), metadata='{"actionType":"x","side":"south"}')
    north.act((ann, 1), metadata='{"actionType":"x","side":"north"}')
    client.hear_until(north, 10)
    assert client.rows == [(0, 1, str(ann), 6)]


def test_the_rows_around_oneself(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    players = board.begin(90, 80, 70, 60, 50, 40, 30)
    listener = connect(server, players[4])
    channel = f"around:{board.slug}:self"
    listener.say(op="subscribe", channel=channel, id=1, limit=1)
    assert listener.hear()["event"] == "subscribed"
    snapshot = listener.hear()
    assert (snapshot["event"], snapshot["channel"]) == ("snapshot", channel)
    assert (snapshot["you"]["rank"], snapshot["gapToNext"], snapshot["totalUsers"]) == (5, 10, 7)
    assert [row["userId"] for row in snapshot["around"]] == [str(each) for each in players[3:6]]
    # Somebody far away moves, and stays on the same side.
    board.act((players[0], 1))
    assert listener.hears_nothing(0.7, channel=channel)
    board.act((players[6], 25))
    # One's own channel tells of the global board meanwhile.
    around = listener.hear_until("around")
    assert around["you"]["rank"] == 6
    assert [row["rank"] for row in around["around"]] == [5, 6, 7]
    listener.say(op="unsubscribe", channel=channel, id=2)
    listener.hear_until("unsubscribed")
    board.act((players[6], 100))
    assert listener.hears_nothing(0.7, channel=channel)


def test_many_changes_are_few_events_around(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    ann, bob = board.begin(9, 5)
    listener = connect(server, ann)
    listener.say(op="subscribe", channel=f"around:{board.slug}:self", id=1)
    listener.hear_until("snapshot")
    began, count = time.monotonic(), 0
    for _ in range(8):
        board.act((bob, 1))
    score = 0
    while score != 13:
        count += 1
        score = listener.hear_until("around")["around"][0]["score"]
    assert count <= (time.monotonic() - began) / 0.25 + 1


def test_who_is_not_there_is_shown_nobody(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    board = PlayedBoard(worker_context)
    board.begin(9, 5)
    newcomer = uuid4()
    listener = connect(server, newcomer)
    listener.say(op="subscribe", channel=f"around:{board.slug}:self", id=1)
    snapshot = listener.hear_until("snapshot")
    assert (snapshot["you"], snapshot["gapToNext"], snapshot["around"]) == (None, None, [])
    board.act((newcomer, 7))
    around = listener.hear_until("around")
    assert (around["you"]["rank"], around["gapToNext"], len(around["around"])) == (2, 2, 3)


def test_the_global_board_has_its_channel(server: Server, connect: Connect) -> None:
    listener = connect(server)
    listener.say(op="subscribe", channel="leaderboard:global", id=1)
    assert listener.hear()["channel"] == "leaderboard"
    assert listener.hear()["channel"] == "leaderboard"
