"""Pages of boards over HTTP: a walk while others play, cursors that expire, and Redis away."""

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.rankings.reads.standings import ReadRanking
from domain.store.redis import keys, rankings
from domain.store.store import Store
from tests.factories import make_action
from tests.integration.rankings.reads.ranked import add_ranking, fill_crowd, make_ranking, put
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.http.bodies import Headers, assert_refused
from web.boards import directory
from web.boards.ranking_cursors import parse_ranking_cursor, write_ranking_cursor
from workers.context import WorkerContext

Bearer = Callable[..., Headers]


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


def read(client: FlaskClient, query: str = "", headers: Headers | None = None) -> dict[str, Any]:
    answer = client.get(f"/api/boards/some/standings?{query}", headers=headers)
    assert answer.status_code == 200, answer.get_json()
    body: dict[str, Any] = answer.get_json()
    return body


@contextmanager
def playing(context: WorkerContext, users: list[UUID]) -> Iterator[None]:
    """Let players score all the time, through every link."""
    is_over = threading.Event()

    def play() -> None:
        turn = 0
        while not is_over.is_set():
            some = [users[(turn * 7 + n * 31) % len(users)] for n in range(5)]
            actions = [make_action(user_id=user, score=50 + turn % 90) for user in some]
            complete_actions(context, [*actions, make_action(score=1000 + turn)])
            turn += 1

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(30)
        assert not thread.is_alive()


def test_a_walk_over_a_thousand_players_who_play_shows_each_once(
    client: FlaskClient, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    number = make_board(store, "some")
    users = [uuid4() for _ in range(1000)]
    for start in range(0, 1000, 100):
        actions = [
            make_action(user_id=user, score=100 + 7 * at % 53)
            for at, user in enumerate(users[start : start + 100])
        ]
        complete_actions(worker_context, actions)
    with store.read() as connection:
        ranking_no = connection.execute(
            text("SELECT ranking_no FROM rankings WHERE version_no = :v"), {"v": number}
        ).scalar_one()
    trust_as_stored(store, ranking_no)
    expected = read(client, "limit=100")["leaderboard"]
    with playing(worker_context, users):
        rows: list[dict[str, Any]] = []
        body = read(client, "limit=100")
        first = body
        while True:
            rows += body["leaderboard"]
            if body["nextCursor"] is None or len(rows) >= 1000:
                break
            body = read(client, f"limit=100&cursor={body['nextCursor']}")
    seen = [row["userId"] for row in rows]
    assert len(seen) == len(set(seen)) == 1000
    assert [row["rank"] for row in rows] == list(range(1, 1001))
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert first["totalUsers"] >= 1000
    # Whoever was there at the moment of the first page, of whom none can have been missed.
    newcomers = first["totalUsers"] - 1000
    assert len({str(user) for user in users} - set(seen)) == newcomers
    assert read(client, "limit=100")["leaderboard"] != expected


def trust_as_stored(store: Store, ranking_no: int) -> None:
    """Declare the set complete: every batch has written it since it was empty."""
    run_id = store.redis.run(lambda client: client.info("server"))["run_id"]
    store.redis.run(lambda client: client.hset(keys.ranking_rows(ranking_no), "#", run_id))
    assert rankings.list_trusted(store.redis, rankings={ranking_no: False})


def forge(cursor: str, **changes: Any) -> str:
    """Return the cursor with something else in it."""
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    names = ("number", "revision", "walk", "index", "rank", "key", "user")
    parts = dict(zip(names, raw[1:].split("."), strict=True)) | changes
    return urlsafe_b64encode(f"r{'.'.join(parts.values())}".encode()).rstrip(b"=").decode()


@pytest.fixture
def ranking(store: Store) -> ReadRanking:
    """A daily board's ranking of a day that is over and has no seal yet."""
    ranking = make_ranking(store, "some", period_key="2026-11-20", period={"kind": "daily"})
    fill_crowd(store, ranking, 30)
    return ranking


def test_a_cursor_goes_on_in_its_own_period_until_it_has_expired(
    client: FlaskClient, store: Store, ranking: ReadRanking
) -> None:
    first = read(client, "period=2026-11-20")
    cursor = first["nextCursor"]
    second = read(client, f"cursor={cursor}")
    assert (second["period"], len(second["leaderboard"])) == ("2026-11-20", 10)
    assert {row["userId"] for row in second["leaderboard"]}.isdisjoint(
        row["userId"] for row in first["leaderboard"]
    )
    assert read(client, f"cursor={cursor}") == second
    walks = store.redis.run(lambda client: client.keys(keys.ranking_walk(ranking.number, "*")))
    assert len(walks) == 1
    store.redis.run(lambda client: client.delete(*walks))
    answer = client.get(f"/api/boards/some/standings?cursor={cursor}")
    assert_refused(answer, 410, "CURSOR_EXPIRED")


def test_a_cursor_that_is_not_ours_is_refused(
    client: FlaskClient, bearer: Bearer, store: Store, ranking: ReadRanking
) -> None:
    cursor = read(client, "period=2026-11-20")["nextCursor"]
    assert forge(cursor) == cursor
    other = make_ranking(store, "other")
    put(store, other, uuid4(), 5, seq=1)
    admin = bearer(roles=["admin"])
    for changed, status in (
        (forge(cursor, number=str(other.number)), 410),
        (forge(cursor, number="999999"), 410),
        (forge(cursor, walk="0" * 16), 410),
        (forge(cursor, index="0030"), 400),
        (forge(cursor, key="00"), 400),
        (forge(cursor, user="x" * 32), 400),
        (forge(cursor, rank="-1"), 400),
        (cursor[:-1], 400),
        (cursor + "=", 400),
        ("x" * 400, 400),
        ("é", 400),
        ("x" * 401, 400),
        (forge(cursor, revision="1"), 410),
    ):
        code = "CURSOR_EXPIRED" if status == 410 else "INVALID_PAYLOAD"
        answer = client.get("/api/boards/some/standings", query_string={"cursor": changed})
        assert_refused(answer, status, code)
    answer = client.get(
        "/api/boards/some/standings",
        query_string={"cursor": forge(cursor, revision="1")},
        headers=admin,
    )
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    # Beyond the end of what is kept there is nothing, and no next page.
    beyond = read(client, f"cursor={forge(cursor, index='5000')}")
    assert (beyond["leaderboard"], beyond["nextCursor"]) == ([], None)
    after = parse_ranking_cursor(cursor)
    assert after is not None
    assert write_ranking_cursor(after) == cursor


def test_a_page_of_a_period_whose_rows_are_being_removed_is_not_read_any_more(
    client: FlaskClient, store: Store, ranking: ReadRanking
) -> None:
    cursor = forge(read(client, "period=2026-11-20")["nextCursor"], walk="")
    assert len(read(client, f"cursor={cursor}")["leaderboard"]) == 10
    with store.write() as connection:
        connection.execute(text("UPDATE rankings SET removed_at = now()"))
    answer = client.get(f"/api/boards/some/standings?cursor={cursor}")
    assert_refused(answer, 410, "CURSOR_EXPIRED")


def test_a_page_of_a_version_that_is_retired_is_not_read_any_more(
    client: FlaskClient, store: Store, ranking: ReadRanking
) -> None:
    cursor = read(client, "period=2026-11-20")["nextCursor"]
    with store.write() as connection:
        connection.execute(text("UPDATE board_versions SET state = 'retired'"))
        number = connection.execute(
            text(
                "INSERT INTO board_versions (board_id, version, definition, state)"
                " SELECT board_id, 2, definition, 'live' FROM board_versions RETURNING version_no"
            )
        ).scalar_one()
        connection.execute(text("UPDATE boards SET live_version_no = :n"), {"n": number})
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    add_ranking(store, number, period_key="2026-11-20")
    assert read(client, "period=2026-11-20")["boardVersion"] == 2
    # A walk that has begun is finished as it began.
    assert read(client, f"cursor={cursor}")["boardVersion"] == 1
    answer = client.get(f"/api/boards/some/standings?cursor={forge(cursor, walk='')}")
    assert_refused(answer, 410, "CURSOR_EXPIRED")
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET revision = 1, sealed_revision = 1 WHERE ranking_no = :n"),
            {"n": ranking.number},
        )
    sealed = read(client, "period=2026-11-20")
    assert (sealed["boardVersion"], sealed["revision"]) == (1, 1), "as it was announced"


def test_without_redis_a_walk_begins_from_sql_and_one_that_has_begun_waits(
    client: FlaskClient, store: Store, ranking: ReadRanking
) -> None:
    first = read(client, "period=2026-11-20")
    client_redis = client.application.extensions["laurel"].store.redis
    client_redis._breaker.open()
    answer = client.get(f"/api/boards/some/standings?cursor={first['nextCursor']}")
    assert_refused(answer, 503, "SERVICE_UNAVAILABLE")
    again = read(client, "period=2026-11-20")
    assert again["leaderboard"] == first["leaderboard"]
    rows = again["leaderboard"]
    cursor = again["nextCursor"]
    while cursor is not None:
        body = read(client, f"cursor={cursor}")
        rows += body["leaderboard"]
        cursor = body["nextCursor"]
    assert [row["rank"] for row in rows] == list(range(1, 31))
