"""Listeners hear of what moves the board, in an order that they can check."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.accounts.claims import Claim, follow_claims
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.store import Store
from tests.factories import make_player
from tests.waiting import wait_until
from tests.web.live.bus import Bus
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server

Snapshot = dict[str, Any]


def follow(listener: Listener, bus: Bus, **options: Any) -> tuple[Snapshot, Snapshot]:
    """Subscribe until the server has heard the bus."""
    found: list[tuple[Snapshot, Snapshot]] = []

    def heard() -> bool:
        found.append(listener.subscribe(**options))
        return bool(found[-1][0]["epoch"] == bus.epoch)

    wait_until(heard)
    return found[-1]


def apply(snapshot: Snapshot, event: Snapshot) -> Snapshot:
    """Do what a client does with `leaderboard_changed`."""
    assert event["from"] == snapshot["seq"]
    rows = {row["userId"]: row for row in snapshot["leaderboard"]}
    for user_id in event["removed"]:
        del rows[user_id]
    for change in event["changes"]:
        known = rows.get(change["userId"])
        # Of who comes into view, it is the rank behind it.
        assert known is None or change["previousRank"] == known["rank"]
        rows[change["userId"]] = {
            "rank": change["newRank"],
            "userId": change["userId"],
            "username": change["username"],
            "score": change["score"],
            "lastUpdate": change["lastUpdate"],
        }
    return {
        **snapshot,
        "seq": event["seq"],
        "totalUsers": event["totalUsers"],
        "leaderboard": sorted(rows.values(), key=lambda row: row["rank"]),
    }


def test_a_snapshot_follows_subscribed_and_shows_the_top_in_the_shape_of_the_api(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(500, 480, -1))
    listener = connect(server, players[0])
    subscribed, snapshot = follow(listener, bus)
    assert subscribed == {
        "event": "subscribed",
        "id": "sub",
        "channel": "leaderboard",
        "epoch": bus.epoch,
        "seq": 1,
        "recovered": False,
    }
    assert [row["userId"] for row in snapshot["leaderboard"]] == [str(p) for p in players[:10]]
    assert snapshot["leaderboard"][0] == snapshot["you"]
    assert set(snapshot["you"]) == {"rank", "userId", "username", "score", "lastUpdate"}
    assert (snapshot["totalUsers"], snapshot["epoch"], snapshot["seq"]) == (20, bus.epoch, 1)


def test_an_action_is_heard_as_the_three_events(server: Server, connect: Connect, bus: Bus) -> None:
    first, second = bus.begin(500, 400)
    # Who joins before the server has heard of the new board is told that it begins at 0, not 1.
    follow(connect(server), bus)
    listener = connect(server, second)
    follow(listener, bus)
    (action_id,) = bus.act((second, 150))
    own, moved, seen, changed = (listener.hear() for _ in range(4))
    common = {"userId": str(second), "newScore": 550, "newRank": 1, "epoch": bus.epoch, "seq": 2}
    update = {"event": "score_updated", "scoreIncrease": 150, "previousScore": 400, "merged": 1}
    assert own.items() >= {**common, **update, "channel": "user:self", "from": 1}.items()
    assert own["actionId"] == str(action_id)
    assert seen.items() >= {**common, **update, "channel": "leaderboard", "from": 1}.items()
    assert (
        moved.items()
        >= {
            **common,
            "event": "user_position_changed",
            "scoreIncrease": 0,
            "previousRank": 2,
            "reason": "advanced",
            "from": 1,
        }.items()
    )
    assert changed["event"] == "leaderboard_changed"
    assert [change["userId"] for change in changed["changes"]] == [str(second), str(first)]


def test_the_changes_applied_to_the_snapshot_give_the_next_snapshot(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(300, 285, -1))
    listener, newcomer = connect(server), uuid4()
    _, snapshot = follow(listener, bus, limit=5)
    for actions in (
        [(players[14], 20)],
        [(players[3], 0)],
        [(players[9], 400), (players[9], 5), (players[0], 1)],
        [(newcomer, 1)],
        [(newcomer, 900), (players[2], 3)],
    ):
        bus.act(*actions)
        snapshot = apply(snapshot, listener.hear_until("leaderboard_changed"))
    _, fresh = listener.subscribe(limit=5)
    same = ("leaderboard", "totalUsers", "epoch", "seq")
    assert {name: snapshot[name] for name in same} == {name: fresh[name] for name in same}


def test_where_they_were_who_come_into_view_is_told(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players, newcomer = bus.begin(*range(300, 285, -1)), uuid4()
    listener = connect(server)
    follow(listener, bus, limit=3)
    for player, score, before in ((players[14], 900, 15), (newcomer, 2000, None)):
        bus.act((player, score))
        (change, *_) = listener.hear_until("leaderboard_changed")["changes"]
        assert (change["userId"], change["newRank"]) == (str(player), 1)
        assert change["previousRank"] == before


def test_who_is_not_in_view_is_not_heard_of(server: Server, connect: Connect, bus: Bus) -> None:
    players = bus.begin(*range(300, 285, -1))
    listener = connect(server)
    subscribed, _ = follow(listener, bus, limit=3)
    bus.act((players[14], 1))
    assert listener.hears_nothing()
    bus.act((players[0], 1))
    event = listener.hear()
    assert (event["event"], event["from"], event["seq"]) == ("score_updated", 1, 3)
    assert subscribed["seq"] == 1


def test_several_actions_of_one_user_are_single_for_the_user_and_one_for_the_board(
    server: Server, connect: Connect, bus: Bus
) -> None:
    (player,) = bus.begin(100)
    own, other = connect(server, player), connect(server)
    follow(own, bus)
    follow(other, bus)
    ids = [str(action_id) for action_id in bus.act((player, 1), (player, 2), (player, 3))]
    singles = [own.hear_until("score_updated", channel="user:self") for _ in ids]
    assert [event["actionId"] for event in singles] == ids
    assert [event["scoreIncrease"] for event in singles] == [1, 2, 3]
    merged = other.hear()
    assert (merged["merged"], merged["scoreIncrease"], merged["actionId"]) == (3, 6, ids[-1])
    assert (merged["previousScore"], merged["newScore"]) == (100, 106)


def test_own_events_come_without_subscribing_and_nobody_else_hears_them(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(500, 400)
    follow(connect(server), bus)
    mine, theirs = connect(server, players[1]), connect(server, players[0])
    bus.act((players[1], 1))
    assert mine.hear()["event"] == "score_updated"
    assert theirs.hears_nothing()


def test_a_hole_gives_everybody_a_new_snapshot_and_loses_no_event_that_came(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(500, 400)
    listener = connect(server, players[1])
    follow(listener, bus)
    bus.skip(3)
    bus.act((players[1], 200))
    own = listener.hear()
    assert (own["event"], own["channel"], own["seq"]) == ("subscribed", "user:self", 4)
    assert listener.hear()["you"]["score"] == 600
    board = listener.hear()
    assert (board["channel"], board["seq"], board["recovered"]) == ("leaderboard", 5, False)
    snapshot = listener.hear()
    assert [row["score"] for row in snapshot["leaderboard"]] == [600, 500]
    told = listener.hear()
    assert (told["event"], told["from"], told["seq"]) == ("score_updated", 4, 5)
    assert listener.hear()["event"] == "user_position_changed"
    bus.act((players[0], 1))
    assert listener.hear_until("leaderboard_changed")["from"] == 5


def test_a_new_epoch_gives_everybody_a_new_snapshot(
    server: Server, connect: Connect, bus: Bus
) -> None:
    bus.begin(500, 400)
    listener = connect(server)
    follow(listener, bus)
    bus.begin(70, 60, 50)
    subscribed = listener.hear_until("subscribed", channel="leaderboard")
    assert (subscribed["epoch"], subscribed["seq"]) == (bus.epoch, 0)
    snapshot = listener.hear_until("snapshot", channel="leaderboard")
    changed = apply(snapshot, listener.hear_until("leaderboard_changed"))
    assert [row["score"] for row in changed["leaderboard"]] == [70, 60, 50]


def test_a_repeated_message_is_told_once(server: Server, connect: Connect, bus: Bus) -> None:
    (player,) = bus.begin(500)
    listener = connect(server, player)
    follow(listener, bus)
    bus.seq -= 1
    bus.publish([])
    assert listener.hears_nothing()


def test_a_message_that_makes_no_sense_does_not_end_the_telling(
    server: Server, connect: Connect, bus: Bus, publish_raw: Callable[[str], None]
) -> None:
    (player,) = bus.begin(500)
    listener = connect(server, player)
    follow(listener, bus)
    publish_raw('{"epoch": 5')
    bus.act((player, 5))
    assert listener.hear_until("score_updated", newScore=505)


def test_views_of_different_size_each_get_their_own_changes(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(300, 285, -1))
    small, large = connect(server), connect(server)
    follow(small, bus, limit=1)
    follow(large, bus, limit=100)
    bus.act((players[14], 1000))
    seen: dict[str, list[UUID]] = {
        name: [UUID(change["userId"]) for change in event["changes"]]
        for name, event in (
            ("small", small.hear_until("leaderboard_changed")),
            ("large", large.hear_until("leaderboard_changed")),
        )
    }
    assert seen == {"small": [players[14]], "large": [players[14], *players[:14]]}


def test_unsubscribed_listeners_hear_no_board(server: Server, connect: Connect, bus: Bus) -> None:
    (player,) = bus.begin(500)
    listener = connect(server)
    follow(listener, bus)
    listener.say(op="unsubscribe", channel="leaderboard", id=7)
    assert listener.hear() == {"event": "unsubscribed", "id": 7, "channel": "leaderboard"}
    bus.act((player, 5))
    assert listener.hears_nothing()


def test_listeners_of_the_board_hear_of_a_new_name(
    start_server: StartServer, store: Store, connect: Connect
) -> None:
    player = make_player(store, username="old", score=5, reached_seq=1, version=1)
    rebuild_board(store, board=GLOBAL_BOARD)
    listener = connect(start_server())
    _, snapshot = listener.subscribe()
    assert [row["username"] for row in snapshot["leaderboard"]] == ["old"]
    now = datetime.now(UTC)
    claims = {player.user_id: Claim("new", now)}
    follow_claims(store, board=GLOBAL_BOARD, claims=claims, now=now)
    (changed,) = listener.hear_until("leaderboard_changed")["changes"]
    assert (changed["userId"], changed["username"]) == (str(player.user_id), "new")
    assert (changed["score"], changed["newRank"], changed["previousRank"]) == (5, 1, 1)
