"""Boards over HTTP: who may read which, which period and segment is answered, and what it says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from orjson import dumps
from sqlalchemy import text

from domain.boards.model import BoardId
from domain.rankings.administration.boards import delete_board
from domain.rankings.definition_json import decode_definition, encode_definition
from domain.rankings.periods import period_at, period_before
from domain.rankings.reads.standings import ReadRanking
from domain.store.redis import rankings
from domain.store.store import Store
from tests.factories import make_action
from tests.integration.rankings.reads.ranked import add_ranking, make_ranking, put, put_all
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.boards.test_reads import make_ranked
from tests.web.http.bodies import Headers, assert_refused
from web.boards import directory
from web.schemas import boards as schemas
from workers.context import WorkerContext

Bearer = Callable[..., Headers]
ANN, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


def list_ids(client: FlaskClient, headers: Headers | None = None) -> list[str]:
    body = client.get("/api/boards", headers=headers).get_json()
    assert not schemas.BoardsSchema().validate(body)
    return [board["board"] for board in body["boards"]]


def test_each_caller_sees_the_boards_that_are_for_him(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    for readers in ("everyone", "players", "admins"):
        make_board(store, f"for-{readers}", readers=readers)
    admin = bearer(roles=["admin"])
    assert list_ids(client) == ["for-everyone"]
    assert list_ids(client, bearer()) == ["global", "for-everyone", "for-players"]
    assert list_ids(client, admin) == ["global", "for-admins", "for-everyone", "for-players"]
    for path in ("", "/standings", "/rank?score=1"):
        for board, headers, status in (
            ("for-everyone", None, 200),
            ("for-players", None, 401),
            ("for-players", bearer(), 200),
            ("for-admins", None, 404),
            ("for-admins", bearer(), 404),
            ("for-admins", admin, 200),
            ("global", None, 401),
            ("global", bearer(), 200),
            ("unknown", admin, 404),
            ("No%20Slug", admin, 404),
        ):
            answer = client.get(f"/api/boards/{board}{path}", headers=headers)
            assert answer.status_code == status, (board, path)
            if status == 404:
                assert_refused(answer, 404, "BOARD_NOT_FOUND")
    assert_refused(client.get("/api/boards/for-everyone/me"), 401, "UNAUTHORIZED")
    bad = {"Authorization": "Bearer nonsense"}
    assert_refused(client.get("/api/boards", headers=bad), 401, "INVALID_TOKEN")


def test_a_new_board_is_seen_within_a_second_and_a_lost_database_changes_nothing(
    client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 3600.0)
    assert list_ids(client) == []
    make_board(store, "some")
    assert list_ids(client) == []
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)
    assert list_ids(client) == ["some"]


def test_a_board_tells_its_definition_period_and_segments(
    client: FlaskClient, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    make_board(store, "lands", period={"kind": "daily"}, segment="metadata.land")
    for land in ("DE", "AT"):
        metadata = f'{{"land":"{land}"}}'
        complete_actions(worker_context, [make_action(metadata=metadata)])
    body = client.get("/api/boards/lands").get_json()
    assert not schemas.BoardDetailsSchema().validate(body)
    assert body["definition"]["segment"] == "metadata.land"
    assert (body["state"], body["boardVersion"], body["building"]) == ("live", 1, None)
    assert body["segments"] == ["AT", "DE"]
    start = datetime.fromisoformat(body["periodStart"])
    assert body["period"] == start.date().isoformat()
    assert body["nextReset"] == body["periodEnd"]
    assert datetime.fromisoformat(body["periodEnd"]) - start == timedelta(days=1)


def test_a_board_that_is_still_computed_says_how_far_it_is(
    client: FlaskClient, store: Store
) -> None:
    make_board(store, "some")
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE board_versions SET state = 'building', built_players = 1, total_players = 4"
            )
        )
        connection.execute(text("UPDATE boards SET live_version_no = NULL"))
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    body = client.get("/api/boards/some").get_json()
    assert (body["state"], body["building"]) == ("building", {"version": 1, "progress": 0.25})
    answer = client.get("/api/boards/some/standings")
    assert_refused(answer, 503, "BOARD_BUILDING")
    assert answer.get_json()["error"]["details"] == {"progress": 0.25}
    assert answer.headers["Retry-After"] == "5"


def read(client: FlaskClient, path: str, headers: Headers | None = None) -> dict[str, Any]:
    answer = client.get(f"/api/boards/{path}", headers=headers)
    assert answer.status_code == 200, answer.get_json()
    body: dict[str, Any] = answer.get_json()
    return body


def test_what_was_played_is_read_with_its_columns_and_period(
    client: FlaskClient, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    make_board(
        store,
        "runs",
        aggregate="best",
        decimals=2,
        value="metadata.distance",
        tieBreakers=[{"value": "metadata.seconds", "direction": "asc"}],
        period={"kind": "weekly"},
        timeZone="Europe/Berlin",
    )
    actions = [
        make_action(user_id=user, metadata=f'{{"distance":{far},"seconds":{took}}}')
        for user, far, took in ((ANN, 12.345, 9), (BOB, 12.345, 8.5), (EVE, 99, 1), (EVE, 3, 1))
    ]
    complete_actions(worker_context, actions)
    for is_lost in (False, True):
        if is_lost:
            store.redis.run(lambda client: client.flushdb())
        body = read(client, "runs/standings")
        assert not schemas.BoardStandingsSchema().validate(body)
        assert [(row["userId"], row["score"], row["columns"]) for row in body["leaderboard"]] == [
            (str(EVE), 99, [1]),
            (str(BOB), 12.34, [8.5]),
            (str(ANN), 12.34, [9]),
        ]
        assert (body["totalUsers"], body["nextCursor"], body["revision"]) == (3, None, None)
        assert body["boardVersion"] == 1
        assert body["segment"] is None
        start, end = (datetime.fromisoformat(body[key]) for key in ("periodStart", "periodEnd"))
        assert start <= datetime.now(UTC) < end
        assert read(client, f"runs/standings?period={body['period']}") == body
        previous = read(client, "runs/standings?period=previous")
        assert (previous["totalUsers"], previous["leaderboard"]) == (0, [])
        assert previous["periodEnd"] == body["periodStart"]
        assert previous["nextReset"] == body["nextReset"]
        assert read(client, f"runs/standings?period={previous['period']}") == previous
    for period in ("1999-W01", "2999-W01", "2026-W54", "2026-11-26", "all", "next"):
        answer = client.get(f"/api/boards/runs/standings?period={period}")
        assert_refused(answer, 404, "PERIOD_NOT_FOUND")


def make_closed(store: Store, slug: str, count: int, **fields: Any) -> list[ReadRanking]:
    """Store a daily board with closed periods that have players, the last one first."""
    fields = {"period": {"kind": "daily"}, **fields}
    some = make_ranking(store, slug, period_key="other", **fields)
    with store.write() as connection:
        number = connection.execute(text("SELECT max(version_no) FROM board_versions")).scalar_one()
    closed = []
    period = period_at(some.definition, datetime.now(UTC))
    for days in range(1, count + 1):
        assert period is not None
        period = period_before(some.definition, period)
        assert period is not None
        ranking_no = add_ranking(
            store,
            number,
            period_key=period.key,
            period_start=period.start,
            period_end=period.end,
        )
        closed.append(ReadRanking(ranking_no, some.definition))
        put(store, closed[-1], ANN, days, seq=days)
        seal(store, ranking_no)
    return closed


def list_periods(ranking: ReadRanking, count: int) -> list[str]:
    keys = []
    period = period_at(ranking.definition, datetime.now(UTC))
    for _ in range(count):
        assert period is not None
        period = period_before(ranking.definition, period)
        assert period is not None
        keys.append(period.key)
    return keys


def test_closed_periods_are_readable_as_many_as_the_board_keeps(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    closed = make_closed(store, "days", 4, keepPeriods=2)
    keys = list_periods(closed[0], 4)
    for days, key in enumerate(keys, start=1):
        answer = client.get(f"/api/boards/days/standings?period={key}")
        if days > 2:
            assert_refused(answer, 404, "PERIOD_NOT_FOUND")
        else:
            body = answer.get_json()
            assert [row["score"] for row in body["leaderboard"]] == [days]
            assert (body["revision"], body["period"]) == (1, key)
        admin = read(client, f"days/standings?period={key}", bearer(roles=["admin"]))
        assert [row["score"] for row in admin["leaderboard"]] == [days]
    assert read(client, "days/standings?period=previous")["period"] == keys[0]


def test_an_earlier_revision_is_for_admins(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    (closed,) = make_closed(store, "days", 1)
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision, value,"
                " reached_seq, sort_key, last_updated) SELECT ranking_no, user_id, 1, value,"
                " reached_seq, sort_key, last_updated FROM ranking_rows"
            )
        )
        connection.execute(
            text("UPDATE rankings SET revision = 2, sealed_revision = 2 WHERE ranking_no = :n"),
            {"n": closed.number},
        )
        connection.execute(
            text("INSERT INTO ranking_seals VALUES (:n, 2, 1, '', now())"), {"n": closed.number}
        )
    put_all(store, closed, [(ANN, [77], 5)], is_in_set=False)
    admin = bearer(roles=["admin"])
    path = "days/standings?period=previous"
    assert read(client, path)["leaderboard"][0]["score"] == 77
    assert read(client, path)["revision"] == 2
    assert read(client, f"{path}&revision=2", admin)["leaderboard"][0]["score"] == 77
    first = read(client, f"{path}&revision=1", admin)
    assert (first["leaderboard"][0]["score"], first["revision"]) == (1, 1)
    for headers in (None, bearer()):
        answer = client.get(f"/api/boards/{path}&revision=1", headers=headers)
        assert_refused(answer, 403, "FORBIDDEN")
    for bad in ("3", "0", "x"):
        answer = client.get(f"/api/boards/{path}&revision={bad}", headers=admin)
        assert_refused(answer, 400, "INVALID_PAYLOAD")
        assert answer.get_json()["error"]["details"]["fields"].keys() == {"revision"}


def test_a_split_board_is_read_by_segment_and_finds_a_player_s_own(
    client: FlaskClient, bearer: Bearer, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    make_board(store, "lands", segment="metadata.land")
    make_board(store, "whole")
    for user, land in ((ANN, "DE"), (BOB, "DE"), (EVE, "AT")):
        metadata = f'{{"land":"{land}"}}'
        complete_actions(worker_context, [make_action(user_id=user, metadata=metadata)])
    body = read(client, "lands/standings?segment=DE")
    assert [row["userId"] for row in body["leaderboard"]] == [str(ANN), str(BOB)]
    assert body["segment"] == "DE"
    assert read(client, "lands/standings?segment=FR")["totalUsers"] == 0
    for path, field in (("lands/standings", "segment"), ("whole/standings?segment=DE", "segment")):
        answer = client.get(f"/api/boards/{path}")
        assert_refused(answer, 400, "INVALID_PAYLOAD")
        assert answer.get_json()["error"]["details"]["fields"].keys() == {field}
    mine = read(client, "lands/me", bearer(BOB))
    assert not schemas.BoardNeighborhoodSchema().validate(mine)
    assert (mine["segment"], mine["you"]["rank"], mine["totalUsers"]) == ("DE", 2, 2)
    assert read(client, f"lands/players/{EVE}")["segment"] == "AT"
    nobody = read(client, "lands/me", bearer())
    assert (nobody["you"], nobody["segment"], nobody["leaderboard"]) == (None, None, [])
    answer = client.get(f"/api/boards/lands/players/{uuid4()}")
    assert_refused(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_player_s_place_tells_the_gap_and_the_percentile(
    client: FlaskClient, bearer: Bearer, store: Store, is_trusted: bool
) -> None:
    ranking = make_ranking(store, "some", decimals=1, ties="competition")
    day = datetime.now(UTC).date()
    rows = [(ANN, [905], 1), (BOB, [700], 2), (EVE, [700], 3)]
    put_all(store, ranking, rows, day=(day - timedelta(days=1)).isoformat())
    put(store, ranking, uuid4(), 100, seq=4, day=day.isoformat())
    put(store, ranking, EVE, 701, seq=5, day=day.isoformat())
    if not is_trusted:
        rankings.distrust(store.redis, ranking_nos=[ranking.number])
    mine = read(client, "some/me?neighbors=1", bearer(BOB))
    assert not schemas.BoardNeighborhoodSchema().validate(mine)
    assert (mine["you"]["rank"], mine["you"]["score"]) == (3, 70)
    assert mine["gapToNext"] == 0.1
    assert mine["percentile"] == 25
    assert mine["rankAtDayStart"] == (2 if is_trusted else None)
    assert [row["rank"] for row in mine["around"]] == [2, 3, 4]
    assert [row["rank"] for row in mine["leaderboard"]] == [1, 2, 3, 4]
    player = read(client, f"some/players/{ANN}")
    assert not schemas.BoardPlayerSchema().validate(player)
    assert (player["player"]["rank"], player["gapToNext"]) == (1, None)
    for path in (f"some/players/{uuid4()}", "some/players/x"):
        status = 404 if "x" not in path else 400
        assert client.get(f"/api/boards/{path}").status_code == status


def test_the_rank_of_a_score_writes_nothing(client: FlaskClient, store: Store) -> None:
    column = {"value": "metadata.seconds", "direction": "asc"}
    ranking = make_ranking(store, "some", aggregate="best", decimals=1, tieBreakers=[column])
    put_all(store, ranking, [(ANN, [905, 20], 1), (BOB, [700, 20], 2)])
    for query, rank in (
        ("score=90.5&columns=1.9", 1),
        ("score=90.5&columns=2", 2),
        ("score=90.5", 2),
        ("score=-3", 3),
        ("score=1000", 1),
    ):
        body = read(client, f"some/rank?{query}")
        assert not schemas.BoardRankSchema().validate(body)
        assert (body["rank"], body["totalUsers"]) == (rank, 2), query
    for query, field in (
        ("", "score"),
        ("score=1e3", "score"),
        ("score=9999999999999999", "score"),
        ("score=1&columns=1,2", "columns"),
        ("score=1&columns=x", "columns"),
        ("score=NaN", "score"),
    ):
        answer = client.get(f"/api/boards/some/rank?{query}")
        assert_refused(answer, 400, "INVALID_PAYLOAD")
        assert answer.get_json()["error"]["details"]["fields"].keys() == {field}
    assert read(client, "some/standings")["totalUsers"] == 2


def test_the_board_global_is_read_like_the_others(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    players = make_ranked(store, 12)
    me = bearer(players[4].user_id)
    body = read(client, "global/standings?limit=5", me)
    assert not schemas.BoardStandingsSchema().validate(body)
    assert [row["rank"] for row in body["leaderboard"]] == [1, 2, 3, 4, 5]
    assert (body["board"], body["period"], body["totalUsers"]) == ("global", "all", 12)
    rest = read(client, f"global/standings?limit=10&cursor={body['nextCursor']}", me)
    assert [row["rank"] for row in rest["leaderboard"]] == list(range(6, 13))
    assert rest["nextCursor"] is None
    mine = read(client, "global/me?neighbors=0", me)
    assert not schemas.BoardNeighborhoodSchema().validate(mine)
    assert (mine["you"]["rank"], mine["gapToNext"], len(mine["around"])) == (5, 10, 1)
    first = read(client, f"global/players/{players[0].user_id}", me)
    assert (first["player"]["rank"], first["gapToNext"]) == (1, None)
    assert read(client, "global/rank?score=990", me)["rank"] == 3
    for path in ("standings?period=previous", "me?period=2026-W47", "rank?score=1&period=x"):
        answer = client.get(f"/api/boards/global/{path}", headers=me)
        assert_refused(answer, 404, "PERIOD_NOT_FOUND")
    for path in ("standings?segment=DE", "standings?cursor=x"):
        answer = client.get(f"/api/boards/global/{path}", headers=me)
        assert_refused(answer, 400, "INVALID_PAYLOAD")


def test_an_unchanged_answer_is_a_304(client: FlaskClient, bearer: Bearer, store: Store) -> None:
    ranking = make_ranking(store, "some")
    put_all(store, ranking, [(ANN, [9], 1), (BOB, [7], 2)])
    me = bearer(ANN)
    paths = ["", "/some", "/some/standings", "/some/standings?limit=1", "/some/me",
             f"/some/players/{ANN}", "/some/rank?score=8"]  # fmt: skip
    tags = {}
    for path in paths:
        answer = client.get(f"/api/boards{path}", headers=me)
        tags[path] = answer.headers["ETag"]
        again = client.get(f"/api/boards{path}", headers={**me, "If-None-Match": tags[path]})
        assert (again.status_code, again.data) == (304, b""), path
        assert again.headers["Cache-Control"] == "private, no-cache"
    put(store, ranking, BOB, 11, seq=3)
    for path in paths[2:]:
        answer = client.get(f"/api/boards{path}", headers={**me, "If-None-Match": tags[path]})
        assert answer.status_code == 200, path


def test_a_season_is_the_only_period_before_while_and_after(
    client: FlaskClient, store: Store
) -> None:
    now = datetime.now(UTC)
    for slug, days in (("before", 5), ("while", -1), ("after", -9)):
        start = now + timedelta(days=days)
        end = start + timedelta(days=4)
        period = {"kind": "season", "start": start.isoformat(), "end": end.isoformat()}
        make_board(store, slug, period=period)
        body = read(client, f"{slug}/standings")
        assert (body["period"], body["totalUsers"]) == ("season", 0)
        assert (body["nextReset"] is None) == (slug == "after")
        assert read(client, f"{slug}/standings?period=season") == body
        answer = client.get(f"/api/boards/{slug}/standings?period=previous")
        assert_refused(answer, 404, "PERIOD_NOT_FOUND")


def test_a_new_season_is_current_and_the_one_before_is_previous(
    client: FlaskClient, store: Store
) -> None:
    now = datetime.now(UTC)
    seasons = []
    for version, days in ((1, -9), (2, -1)):
        start = now + timedelta(days=days)
        bounds = {"start": start.isoformat(), "end": (start + timedelta(days=5)).isoformat()}
        period = {"kind": "season", **bounds}
        if version == 1:
            number = make_board(store, "some", period=period)
        else:
            number = replace_version(store, "some", period=period)
        columns = {"period_start": bounds["start"], "period_end": bounds["end"]}
        ranking_no = add_ranking(store, number, period_key="season", **columns)
        definition = decode_definition({"id": "some", "period": period})
        put(store, ReadRanking(ranking_no, definition), (ANN, BOB)[version - 1], 5, seq=version)
        seasons.append(ranking_no)
    seal(store, seasons[0])
    for is_new_one_there in (True, False):
        body = read(client, "some/standings")
        assert (body["boardVersion"], body["revision"]) == (2, None)
        assert body["totalUsers"] == int(is_new_one_there)
        before = read(client, "some/standings?period=previous")
        assert (before["period"], before["boardVersion"], before["revision"]) == ("season", 1, 1)
        assert [row["userId"] for row in before["leaderboard"]] == [str(ANN)]
        assert before["periodEnd"] < body["periodStart"] < body["periodEnd"]
        assert body["nextReset"] == before["nextReset"] == body["periodEnd"]
        with store.write() as connection:
            connection.execute(
                text("DELETE FROM rankings WHERE ranking_no = :n"), {"n": seasons[1]}
            )
            connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))


def replace_version(store: Store, slug: str, **fields: Any) -> int:
    """Retire the board's live version and store another one; return its number."""
    definition = encode_definition(decode_definition({"id": slug, **fields}))
    with store.write() as connection:
        connection.execute(text("UPDATE board_versions SET state = 'retired'"))
        number: int = connection.execute(
            text(
                "INSERT INTO board_versions (board_id, version, definition, state)"
                " VALUES (:id, 2, CAST(:definition AS jsonb), 'live') RETURNING version_no"
            ),
            {"id": slug, "definition": dumps(definition).decode()},
        ).scalar_one()
        connection.execute(text("UPDATE boards SET live_version_no = :n"), {"n": number})
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    return number


def seal(store: Store, ranking_no: int) -> None:
    """Store the first seal of a ranking with one row."""
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET revision = 1, sealed_revision = 1 WHERE ranking_no = :n"),
            {"n": ranking_no},
        )
        connection.execute(
            text("INSERT INTO ranking_seals VALUES (:n, 1, 1, '', now())"), {"n": ranking_no}
        )


def test_the_closed_periods_of_an_archived_board_are_for_admins(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    make_closed(store, "days", 2, keepPeriods=5)
    delete_board(store, board=BoardId("days"), revisions=None, archive=True)
    admin = bearer(roles=["admin"])
    for path in ("days", "days/standings", "days/me"):
        assert_refused(client.get(f"/api/boards/{path}", headers=bearer()), 404, "BOARD_NOT_FOUND")
    body = read(client, "days", admin)
    assert not schemas.BoardDetailsSchema().validate(body)
    assert body["state"] == "archived"
    closed = read(client, "days/standings?period=previous", admin)
    assert (closed["revision"], closed["totalUsers"]) == (1, 1)
    assert read(client, "days/standings", admin)["leaderboard"] == []
    assert "days" not in list_ids(client, admin)


@pytest.mark.parametrize("view", ["standings", "me", "rank"])
@pytest.mark.parametrize("field", ["period", "segment"])
def test_a_name_with_a_nul_is_refused(
    client: FlaskClient, bearer: Bearer, store: Store, view: str, field: str
) -> None:
    make_board(store, "lands", segment="metadata.land")
    named = {"period": "current", "segment": "DE", "score": "1", field: "D\0E"}
    answer = client.get(f"/api/boards/lands/{view}", query_string=named, headers=bearer())
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert answer.get_json()["error"]["details"]["fields"].keys() == {field}
