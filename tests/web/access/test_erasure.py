"""What is planted before an erasure is nowhere after it, and what is others' is as it was."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import insert, text

from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.moderation.acts import record_act
from domain.moderation.model import ActKind
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows, make_board
from tests.web.access.test_accounts import PASSWORD, as_player, register
from tests.web.http.bodies import Headers
from workers.context import WorkerContext
from workers.upkeep.boards import BoardUpkeep

OWN = "/api/users/me"
CANARY = "canary"
NAME = f"{CANARY}name"
NOW = datetime.now(UTC)


def metadata(**fields: Any) -> str:
    return json.dumps(
        {"note": f"{CANARY}-note", "stats": {"level": 7, "of": f"{CANARY}-of"}, **fields}
    )


@pytest.fixture
def player(client: FlaskClient, store: Store, worker_context: WorkerContext) -> UUID:
    """A player with everything that can be stored of one, canaries in every text."""
    make_board(
        store,
        "levels",
        value="metadata.stats.level",
        where={"metadata.mode": "ranked"},
    )
    rebuild_board(store, board=GLOBAL_BOARD)
    answer = register(client, NAME)
    player = UUID(answer.get_json()["userId"])
    headers = {**as_player(answer), "User-Agent": f"{CANARY}-agent/1.0"}
    changed = client.patch(OWN, json={"attributes": {"guild": f"{CANARY}-guild"}}, headers=headers)
    assert changed.status_code == 200
    client.post("/api/realtime/ticket", headers=headers)
    play(worker_context, player)
    plant_fraud(store, player)
    plant_moderation(store, player)
    BoardUpkeep(worker_context, lambda: True).run_due()
    return player


def play(context: WorkerContext, player: UUID) -> None:
    """Two batches with another player's actions between the player's own."""
    for score in (40, 50):
        mine = [
            make_action(
                user_id=player,
                username=NAME,
                score=score,
                metadata=metadata(mode="ranked"),
                request_id=f"{CANARY}-request",
            )
            for _ in range(2)
        ]
        other = make_action(user_id=uuid4(), score=score, metadata='{"note":"of another"}')
        complete_actions(context, [mine[0], other, mine[1]])


def plant_fraud(store: Store, player: UUID) -> None:
    with store.write() as connection:
        # Screening has made one.
        connection.execute(text("DELETE FROM player_profiles WHERE user_id = :id"), {"id": player})
        for table, row in {
            tables.client_sightings: {"subject": uuid4()},
            tables.player_profiles: {"profile": f'{{"seen":"{CANARY}-profile"}}'},
            tables.play_sessions: {
                "session_id": uuid4(),
                "client_no": 77,
                "expires_at": NOW + timedelta(hours=1),
            },
            tables.second_factors: {"secret": f"{CANARY}-secret".encode()},
        }.items():
            connection.execute(insert(table), {"user_id": player, **row})
        connection.execute(text("UPDATE user_actions SET client_no = 77"))
        connection.execute(
            text("UPDATE action_batches SET client_nos = array_fill(77::bigint, ARRAY[3])")
        )


def plant_moderation(store: Store, player: UUID) -> None:
    with store.write() as connection:
        connection.execute(
            insert(tables.appeals),
            {"action_id": uuid4(), "user_id": player, "message": f"{CANARY}-appeal"},
        )
        connection.execute(
            insert(tables.bans),
            {
                "user_id": player,
                "reason": "CHEATING",
                "note": f"{CANARY}-ban",
                "by": "operator:eve",
                "ended_at": NOW,
            },
        )
        record_act(
            connection, kind=ActKind.BAN, by="operator:eve", user_id=player, reason=f"{CANARY}-why"
        )
        review = json.dumps({"review": {"by": "operator:eve", "note": f"{CANARY}-decision"}})
        connection.execute(
            text("UPDATE user_actions SET checks = CAST(:review AS jsonb) WHERE user_id = :id"),
            {"review": review, "id": player},
        )
        connection.execute(
            text(
                "UPDATE action_batches b SET verdicts = (SELECT jsonb_object_agg("
                " a.action_no, jsonb_build_object('verdict', a.verdict, 'reason',"
                " a.verdict_reason, 'checks', a.checks)) FROM user_actions a"
                " WHERE a.batch_id = b.batch_id AND a.checks IS NOT NULL)"
            )
        )


def dump_tables(store: Store) -> dict[str, str]:
    with store.write() as connection:
        names = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v')"
            )
        ).scalars()
        return {
            name: "\n".join(connection.execute(text(f'SELECT t::text FROM "{name}" t')).scalars())
            for name in names.all()
        }


def dump_redis(store: Store) -> dict[str, str]:
    readers = {
        "string": lambda client, key: client.get(key),
        "hash": lambda client, key: client.hgetall(key),
        "zset": lambda client, key: client.zrange(key, 0, -1),
        "list": lambda client, key: client.lrange(key, 0, -1),
        "set": lambda client, key: client.smembers(key),
        "stream": lambda client, key: client.xrange(key),
    }

    def dump(client: Redis) -> dict[str, str]:
        return {key: f"{key} {readers[client.type(key)](client, key)}" for key in client.keys("*")}

    return store.redis.run(dump)


def find_canaries(dumped: Mapping[str, str]) -> set[str]:
    # Texts as bytes are shown in hexadecimal.
    marks = (CANARY, CANARY.encode().hex())
    return {name for name, content in dumped.items() if any(mark in content for mark in marks)}


def erase(client: FlaskClient, headers: Headers) -> None:
    body = {"currentPassword": PASSWORD}
    assert client.delete(OWN, json=body, headers=headers).status_code == 204


def login_headers(client: FlaskClient) -> Headers:
    answer = client.post("/api/auth/login", json={"username": NAME, "password": PASSWORD})
    return {**as_player(answer), "User-Agent": f"{CANARY}-agent/1.0"}


def test_canaries_that_were_planted_are_nowhere(
    client: FlaskClient,
    store: Store,
    settings: Settings,
    player: UUID,
    capsys: pytest.CaptureFixture[str],
) -> None:
    headers = login_headers(client)
    assert client.get(OWN, headers=headers).status_code == 200
    assert client.get(f"/api/users/{player}/score", headers=headers).status_code == 200
    planted = find_canaries(dump_tables(store))
    assert planted >= {
        *("users", "user_actions", "action_batches", "player_profiles", "second_factors"),
        *("appeals", "bans", "moderation_acts"),
    }
    assert find_canaries(dump_redis(store)) != set()
    broken = verify(store, archive_path=settings.archive_path)
    assert [report for report in broken if not report.holds] == []
    boards = list_rows(store, "levels")
    before = [row[:3] for row in top(store)]

    erase(client, headers)

    assert find_canaries(dump_tables(store)) == set()
    assert find_canaries(dump_redis(store)) == set()
    assert CANARY not in "".join(capsys.readouterr())
    assert [row[:3] for row in top(store)] == before
    assert list_rows(store, "levels") == boards
    reports = verify(store, archive_path=settings.archive_path)
    assert [report for report in reports if not report.holds] == []


def top(store: Store) -> list[tuple[UUID, int, int, str]]:
    standings = read_top(store, board=GLOBAL_BOARD).standings
    return [(row.user_id, row.score, row.rank, row.username) for row in standings]


def test_of_metadata_stays_what_boards_read_and_others_keep_theirs(
    client: FlaskClient, store: Store, player: UUID
) -> None:
    erase(client, login_headers(client))
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT user_id, metadata, request_id, client_no FROM user_actions")
        ).all()
        batches = connection.execute(
            text("SELECT user_ids, metadata, request_ids, client_nos FROM action_batches")
        ).all()
    kept = {"mode": "ranked", "stats": {"level": 7}}
    for user_id, found, request_id, client_no in rows:
        is_own = user_id == player
        assert found == (kept if is_own else {"note": "of another"})
        assert (request_id is None, client_no is None) == (is_own, is_own)
    for users, found, request_ids, client_nos in batches:
        assert users == [player, ANY_OTHER, player]
        assert found == [kept, {"note": "of another"}, kept]
        assert [request_ids[0], request_ids[2]] == [None, None]
        assert client_nos == [None, 77, None]
        assert request_ids[1] is not None


class AnyOther:
    """Equal to every id."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UUID)

    __hash__ = None  # type: ignore[assignment]


ANY_OTHER = AnyOther()


def test_what_is_pending_is_applied_without_its_texts(
    client: FlaskClient,
    store: Store,
    settings: Settings,
    worker_context: WorkerContext,
    player: UUID,
) -> None:
    action = make_action(
        user_id=player, score=9, metadata=metadata(), request_id=f"{CANARY}-pending"
    )
    (batch,) = accept_actions(store, actions=[make_action(), action], reply_to=None).batches
    erase(client, login_headers(client))
    assert find_canaries(dump_tables(store)) == set()
    finish_batch(worker_context, batch.batch_id)
    assert find_canaries(dump_tables(store)) == set()
    assert {row[1] for row in top(store) if row[0] == player} == {189}
    reports = verify(store, archive_path=settings.archive_path)
    assert [report for report in reports if not report.holds] == []
