"""Redis answers, and not as it should: demoted, forbidden, keys of another type, a part evicted."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from redis import Redis
from structlog.testing import capture_logs

from domain.boards.model import GLOBAL_BOARD
from domain.boards.players import get_player_score
from domain.boards.reader import find_neighborhood, find_ranks, read_top
from domain.errors import RedisUnavailableError
from domain.store.health import warn_of_eviction
from domain.store.redis import boards, keys
from domain.store.redis.client import connect_redis
from domain.store.store import Store
from domain.verification.verifying import verify
from faults.proxy import Proxy
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from tests.web.http.bodies import COMPLETE, make_body
from web.access.tokens import TokenCodec
from web.app import create_app
from web.intake.batcher import Batcher
from workers.context import WorkerContext
from workers.keeper import Keeper

PLAYERS = 13
BOARD, ROWS = keys.board(GLOBAL_BOARD), keys.board_rows(GLOBAL_BOARD)
IN_SCRIPT = "ERR Error running script (call to f_1f): @user_script:3: @user_script: 3: -"
READONLY = "READONLY You can't write against a read only replica."
ADMIN = ("ACL", "SETUSER", "admin", "on", ">pw", "~*", "&*", "+@all")
FORBID = ("ACL", "SETUSER", "default", "-@all", "+acl", "+ping")
ALLOW = ("ACL", "SETUSER", "default", "+@all")
EVICTIONS = {
    "the set": ("DEL", BOARD),
    "the rows": ("DEL", ROWS),
    "both": ("DEL", BOARD, ROWS),
    "some members": ("ZREMRANGEBYRANK", BOARD, "0", "4"),
    "another type of set": ("SET", BOARD, "text"),
    "another type of rows": ("SET", ROWS, "text"),
}
OTHER_TYPES = (
    BOARD,
    ROWS,
    keys.bus_position(GLOBAL_BOARD),
    keys.bus_stream(GLOBAL_BOARD),
)


@pytest.fixture
def players(context: WorkerContext) -> list[UUID]:
    """Players by rank: the first has the highest score."""
    players = [uuid4() for _ in range(PLAYERS)]
    complete_actions(
        context,
        [make_action(user_id=one, score=500 - 10 * rank) for rank, one in enumerate(players)],
    )
    return players


def find_broken(context: WorkerContext) -> list[tuple[str, ...]]:
    home = context.settings.archive_path
    reports = verify(context.store, archive_path=home, wait_seconds=0)
    return [report.findings for report in reports if not report.holds]


def assert_right(store: Store, players: list[UUID]) -> None:
    """Every read shows all of the players, in their order, once and with their names."""
    top = read_top(store, board=GLOBAL_BOARD)
    assert [standing.user_id for standing in top.standings] == players
    assert top.total_users == len(players)
    assert all(standing.username for standing in top.standings)
    assert top.standings[0].last_update.year > 2000
    ranks = find_ranks(store, board=GLOBAL_BOARD, user_ids=players)
    assert ranks == {player: rank for rank, player in enumerate(players, start=1)}
    around = find_neighborhood(store, board=GLOBAL_BOARD, user_id=players[-1], neighbors=2)
    assert around.own is not None
    assert around.own.rank == len(players)
    assert len(around.around) == 3
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=players[-1]).rank == len(players)


def is_trusted(store: Store) -> bool:
    try:
        return boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    except RedisUnavailableError:
        return False


@pytest.mark.parametrize("eviction", EVICTIONS.values(), ids=EVICTIONS)
def test_a_board_with_a_part_evicted_is_not_shown_and_is_rebuilt(
    context: WorkerContext,
    redis_server: RedisServer,
    players: list[UUID],
    eviction: tuple[str, ...],
) -> None:
    store = context.store
    get_player_score(store, board=GLOBAL_BOARD, user_id=players[-1])
    redis_server.command(*eviction)
    assert not is_trusted(store)
    assert_right(store, players)
    # Writes beside it must not make the rest look like a board.
    complete_actions(context, [make_action(user_id=players[-1], score=1)])
    assert not is_trusted(store)
    assert_right(store, players)
    Keeper(context).upkeep.run_due()
    assert is_trusted(store)
    assert_right(store, players)
    assert read_top(store, board=GLOBAL_BOARD).epoch, "it comes from the set again"
    assert find_broken(context) == []


def test_a_member_without_a_row_costs_the_board_its_trust(
    context: WorkerContext, redis_server: RedisServer, players: list[UUID]
) -> None:
    redis_server.command("HDEL", ROWS, str(players[0]))
    redis_server.command("HSET", ROWS, str(uuid4()), "1|x|1|nobody")
    assert_right(context.store, players)
    Keeper(context).upkeep.run_due()
    assert is_trusted(context.store)
    assert_right(context.store, players)


def test_a_rebuild_whose_board_is_evicted_meanwhile_is_not_declared_complete(
    context: WorkerContext, redis_server: RedisServer, players: list[UUID]
) -> None:
    redis = context.store.redis
    for lost in ((BOARD,), (ROWS,), (BOARD, ROWS)):
        token = boards.begin_rebuild(redis, board=GLOBAL_BOARD)
        assert boards.continue_rebuild(redis, board=GLOBAL_BOARD, token=token)
        complete_actions(context, [make_action(user_id=one, score=1) for one in players[:2]])
        redis_server.command("DEL", *lost)
        complete_actions(context, [make_action(user_id=players[0], score=1)])
        assert not boards.finish_rebuild(redis, board=GLOBAL_BOARD, token=token)


@pytest.mark.parametrize("key", OTHER_TYPES, ids=["set", "rows", "position", "stream"])
def test_a_key_of_another_type_is_replaced(
    context: WorkerContext, redis_server: RedisServer, players: list[UUID], key: str
) -> None:
    redis_server.command("DEL", key)
    redis_server.command("SET", key, "text")
    complete_actions(context, [make_action(user_id=players[0], score=1)])
    assert_right(context.store, players)
    Keeper(context).upkeep.run_due()
    complete_actions(context, [make_action(user_id=players[0], score=1)])
    assert is_trusted(context.store)
    assert_right(context.store, players)
    assert find_broken(context) == []


def test_a_replica_is_no_primary_and_is_found_again_as_one(
    context: WorkerContext, redis_server: RedisServer, players: list[UUID]
) -> None:
    store = context.store
    redis_server.command("REPLICAOF", "127.0.0.1", "1")
    assert not is_trusted(store), "it would show the same board for ever"
    with pytest.raises(RedisUnavailableError):
        complete_actions(context, [make_action(user_id=players[0], score=1)])
    assert_right(store, players)
    redis_server.command("REPLICAOF", "NO", "ONE")
    wait_until(lambda: is_trusted(store))


@pytest.mark.parametrize("announced", [True, False], ids=["demoted", "left behind"])
def test_a_failover_behind_one_address_is_followed(
    context: WorkerContext,
    redis_server: RedisServer,
    players: list[UUID],
    tmp_path_factory: pytest.TempPathFactory,
    announced: bool,
) -> None:
    successor = RedisServer(tmp_path_factory.mktemp("successor"))
    successor.start()
    proxy = Proxy(redis_server.url)
    store = Store(context.store.engine, connect_redis(proxy.url))
    through = WorkerContext(context.settings, store, context.policy)
    try:
        keeper = Keeper(through)
        keeper.upkeep.run_due()
        assert is_trusted(store)
        proxy.lead_to(successor.url)
        if announced:
            redis_server.command("REPLICAOF", *successor.url[8:-2].split(":"))

        def follows() -> bool:
            keeper.upkeep.make_due(keeper._follow_primary)
            keeper.upkeep.run_due()
            with Redis.from_url(successor.url) as client:
                return is_trusted(store) and bool(client.exists(BOARD))

        wait_until(follows)
        assert_right(store, players)
    finally:
        store.redis.close()
        proxy.close()
        successor.kill()


@pytest.mark.parametrize("reply", [READONLY, IN_SCRIPT + READONLY], ids=["plain", "in a script"])
def test_a_connection_that_leads_to_a_replica_is_closed(
    redis_server: RedisServer, reply: str
) -> None:
    redis = connect_redis(redis_server.url)
    before = redis.run(lambda client: client.client_id())
    with pytest.raises(RedisUnavailableError):
        redis.run(lambda client: client.eval(f"return redis.error_reply([[{reply}]])", 0))
    assert redis.run(lambda client: client.client_id()) != before
    redis.close()


@pytest.fixture
def api(context: WorkerContext) -> Iterator[FlaskClient]:
    """A client of an API on the Redis of the test, whose actions are committed."""
    settings, store = context.settings, context.store
    batcher = Batcher(settings, store, lambda _batch_id: None, board=GLOBAL_BOARD)
    batcher.start()
    client = create_app(settings, store, batcher).test_client()
    yield client
    batcher.stop()


def demote(server: RedisServer) -> Callable[[], None]:
    server.command("REPLICAOF", "127.0.0.1", "1")
    return lambda: server.command("REPLICAOF", "NO", "ONE")


def forbid(server: RedisServer) -> Callable[[], None]:
    server.command(*ADMIN)
    server.command(*FORBID)
    return lambda: server.command(*ALLOW)


def fill(server: RedisServer) -> Callable[[], None]:
    server.command("CONFIG", "SET", "maxmemory", "1")
    return lambda: server.command("CONFIG", "SET", "maxmemory", "0")


def break_scripts(server: RedisServer) -> Callable[[], None]:
    server.command(*ADMIN)
    server.command("ACL", "SETUSER", "default", "-zadd")
    return lambda: server.command(*ALLOW)


@pytest.mark.parametrize("injure", [demote, forbid, fill, break_scripts])
def test_whatever_redis_answers_actions_are_taken_and_reads_come_from_sql(
    context: WorkerContext,
    redis_server: RedisServer,
    api: FlaskClient,
    players: list[UUID],
    injure: Callable[[RedisServer], Callable[[], None]],
) -> None:
    token = TokenCodec(context.settings).issue(user_id=players[-1], username=None)
    headers = {"Authorization": f"Bearer {token}"}
    heal = injure(redis_server)
    for _ in range(3):
        answer = api.post(COMPLETE, json=make_body(score=1), headers=headers)
        assert answer.status_code in (200, 202), answer.get_json()
        for path in ("/api/leaderboard", "/api/leaderboard/me", f"/api/users/{players[-1]}/score"):
            assert api.get(path, headers=headers).status_code == 200
        top = api.get("/api/leaderboard?limit=100", headers=headers).get_json()
        assert [row["userId"] for row in top["leaderboard"]] == [str(one) for one in players]
    assert not ask_health(api)["ok"]
    heal()
    wait_until(lambda: ask_health(api)["ok"])


def test_a_server_that_may_evict_keys_is_named_at_the_start_and_in_health(
    context: WorkerContext, redis_server: RedisServer, api: FlaskClient
) -> None:
    with capture_logs() as logs:
        warn_of_eviction(context.store.redis)
        assert logs == []
        redis_server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        warn_of_eviction(context.store.redis)
        redis_server.kill()
        warn_of_eviction(context.store.redis)
    assert [(line["event"], line["policy"]) for line in logs if "policy" in line] == [
        ("redis may evict keys", "allkeys-lru")
    ]
    redis_server.start()
    redis_server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    wait_until(lambda: "warning" in ask_health(api))
    assert ask_health(api)["evictionPolicy"] == "allkeys-lru"


def ask_health(api: FlaskClient) -> dict[str, Any]:
    facts: dict[str, Any] = api.get("/health").get_json()["parts"]["redis"]
    return facts
