"""The reads: the board, a user's own standing, a player's score, and what caches may keep."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from domain.boards.model import GLOBAL_BOARD, Place, Standing, Top
from domain.boards.rebuild import rebuild_board
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import Player, make_player
from tests.web.http.bodies import Headers, assert_refused
from web.boards.cursors import parse_board_cursor, write_board_cursor
from web.boards.row_encoding import TopEncoder
from web.schemas import answers
from web.schemas.cursors import parse_cursor, write_cursor

Bearer = Callable[..., Headers]


def make_ranked(store: Store, count: int, *, step: int = 10) -> list[Player]:
    """Store players on the board, the first the highest."""
    players = [
        make_player(store, score=1000 - step * number, reached_seq=number + 1, version=1)
        for number in range(count)
    ]
    with store.write() as connection:
        connection.execute(update(tables.user_scores).values(last_updated=datetime.now(UTC)))
    return players


def test_the_board_has_the_specification_s_body(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    players = make_ranked(store, 12)
    answer = client.get("/api/leaderboard", headers=bearer())
    body = answer.get_json()
    assert not answers.LeaderboardPageSchema().validate(body)
    assert [row["userId"] for row in body["leaderboard"]] == [
        str(player.user_id) for player in players[:10]
    ]
    assert body["leaderboard"][0].keys() == {"rank", "userId", "username", "score", "lastUpdate"}
    assert body["totalUsers"] == 12
    assert body["lastUpdated"].endswith("Z")


def test_an_empty_board_is_an_answer(client: FlaskClient, bearer: Bearer) -> None:
    body = client.get("/api/leaderboard", headers=bearer()).get_json()
    assert body == {"leaderboard": [], "totalUsers": 0, "lastUpdated": None, "nextCursor": None}


@pytest.mark.parametrize("trusted", [True, False])
def test_the_board_goes_on_page_by_page(
    client: FlaskClient, bearer: Bearer, store: Store, trusted: bool
) -> None:
    players = make_ranked(store, 103, step=9)
    if trusted:
        assert rebuild_board(store, board=GLOBAL_BOARD)
    headers, seen, cursor = bearer(), [], ""
    while cursor is not None:
        answer = client.get(f"/api/leaderboard?limit=25{cursor}", headers=headers)
        body = answer.get_json()
        assert not answers.LeaderboardPageSchema().validate(body)
        assert body["totalUsers"] == 103
        seen += body["leaderboard"]
        cursor = body["nextCursor"] and f"&cursor={body['nextCursor']}"
    assert [row["userId"] for row in seen] == [str(player.user_id) for player in players]
    assert [row["rank"] for row in seen] == list(range(1, 104))


@pytest.mark.parametrize("limit", [3, 100])
def test_a_board_of_one_page_has_no_next(
    client: FlaskClient, bearer: Bearer, store: Store, limit: int
) -> None:
    make_ranked(store, 3)
    body = client.get(f"/api/leaderboard?limit={limit}", headers=bearer()).get_json()
    assert body["nextCursor"] is None


def encode(raw: str) -> str:
    return urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()


USER = "0f9c6a5be1d7428394a1c05d6e7fb823"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "=",
        "A" * 5000,
        write_cursor(5),
        encode(f"b5.5.{USER}") + "=",
        encode(f"b05.5.{USER}x"),
        encode(f"b9007199254740992.5.{USER}"),
        encode(f"b5.9223372036854775808.{USER}"),
        encode(f"b-5.5.{USER}"),
        encode(f"b5.5.{USER.upper()}"),
        encode(f"b5.5.{USER}\n"),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(
    client: FlaskClient, bearer: Bearer, cursor: str
) -> None:
    answer = client.get("/api/leaderboard", query_string={"cursor": cursor}, headers=bearer())
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert list(error["details"]["fields"]) == ["cursor"]


def test_a_cursor_is_the_place_of_the_last_row() -> None:
    row = Standing(7, UUID(USER), "ann", 2**53 - 1, datetime.now(UTC), 2**63 - 1)
    cursor = write_board_cursor(row, total_users=8)
    assert cursor is not None
    assert parse_board_cursor(cursor) == Place(2**53 - 1, 2**63 - 1, UUID(USER))
    assert write_board_cursor(row, total_users=7) is None


@pytest.mark.parametrize(("limit", "rows"), [(1, 1), (11, 11), (100, 12)])
def test_the_limit_says_how_many(
    client: FlaskClient, bearer: Bearer, store: Store, limit: int, rows: int
) -> None:
    make_ranked(store, 12)
    answer = client.get(f"/api/leaderboard?limit={limit}&unknown=1", headers=bearer())
    assert len(answer.get_json()["leaderboard"]) == rows


def test_a_board_that_did_not_change_is_not_sent_again(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    (player,) = make_ranked(store, 1)
    headers = bearer()
    first = client.get("/api/leaderboard", headers=headers)
    assert first.headers["Cache-Control"] == "private, no-cache"
    for tag in (
        first.headers["ETag"],
        f"W/{first.headers['ETag']}",
        f'"x", {first.headers["ETag"]}',
    ):
        second = client.get("/api/leaderboard", headers={**headers, "If-None-Match": tag})
        assert (second.status_code, second.data) == (304, b"")
        assert second.headers["ETag"] == first.headers["ETag"]
    with store.write() as connection:
        connection.execute(
            update(tables.user_scores)
            .where(tables.user_scores.c.user_id == player.user_id)
            .values(score=5)
        )
    # Without a bus a top in memory is a tenth of a second old at most.
    client.application.extensions["laurel"].cached_top.on_connected()
    client.application.extensions["laurel"].cached_top.on_lost()
    third = client.get(
        "/api/leaderboard", headers={**headers, "If-None-Match": first.headers["ETag"]}
    )
    assert third.status_code == 200


def make_top(seq: int, score: int) -> Top:
    """Return a board of one."""
    now = datetime.now(UTC)
    return Top(GLOBAL_BOARD, "e", seq, 1, (Standing(1, uuid4(), "ann", score, now),), now)


def test_a_top_is_encoded_once_for_each_state_and_limit() -> None:
    encoder, top, later = TopEncoder(), make_top(1, 5), make_top(2, 6)
    first = encoder.encode(top, 10)
    assert encoder.encode(top, 10) is first
    assert encoder.encode(top, 5) is not first
    assert encoder.encode(later, 10).etag != first.etag
    assert b'"score":6' in encoder.encode(later, 10).body


def test_a_user_s_own_standing_has_the_rows_around_it(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    players = make_ranked(store, 12)
    answer = client.get("/api/leaderboard/me?neighbors=1", headers=bearer(players[10].user_id))
    body = answer.get_json()
    assert not answers.NeighborhoodSchema().validate(body)
    assert (body["you"]["rank"], body["you"]["userId"]) == (11, str(players[10].user_id))
    assert [row["rank"] for row in body["around"]] == [10, 11, 12]
    assert body["percentile"] == pytest.approx(100 * (12 - 11) / 12, abs=0.01)
    assert len(body["leaderboard"]) == 10


def test_a_user_who_is_not_on_the_board_has_no_standing(
    client: FlaskClient, bearer: Bearer
) -> None:
    body = client.get("/api/leaderboard/me", headers=bearer()).get_json()
    assert (body["you"], body["percentile"], body["around"]) == (None, None, [])


def test_a_player_s_score_is_for_every_user(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    (player,) = make_ranked(store, 1)
    path = f"/api/users/{player.user_id}/score"
    body = client.get(path, headers=bearer()).get_json()
    assert not answers.PlayerScoreSchema().validate(body)
    assert (body["score"], body["rank"], body["username"]) == (1000, 1, player.username)
    assert (
        client.get(
            path.upper().replace("API/USERS", "api/users").replace("SCORE", "score"),
            headers=bearer(),
        ).get_json()
        == body
    )


def test_a_player_without_a_score_has_no_rank(
    client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player = make_player(store)
    body = client.get(f"/api/users/{player.user_id}/score", headers=bearer()).get_json()
    assert (body["score"], body["rank"], body["totalActions"]) == (0, None, 0)
    assert (body["firstAction"], body["lastAction"]) == (None, None)


def test_an_unknown_player_is_not_found(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"/api/users/{uuid4()}/score", headers=bearer())
    assert_refused(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("number", [0, 1, 10**17])
def test_a_cursor_comes_back_as_the_number_it_was(number: int) -> None:
    assert parse_cursor(write_cursor(number)) == number


@pytest.mark.parametrize("cursor", ["", "x", "YTE=", "YjEy", "é", "\x00", "YTE x", "YWE", "YTAx"])
def test_any_other_text_is_no_cursor(cursor: str) -> None:
    assert parse_cursor(cursor) is None


def hold(schema: Any, body: Any) -> None:
    """Check that a real answer is what the contract says."""
    assert not schema().validate(body)


def test_real_answers_are_those_of_the_contract(
    intake_client: FlaskClient, bearer: Bearer, store: Store
) -> None:
    registered = intake_client.post(
        "/api/auth/register", json={"username": "ann", "password": "long enough"}
    )
    hold(answers.SessionSchema, registered.get_json())
    hold(
        answers.RefreshedSchema,
        intake_client.post(
            "/api/auth/refresh", json={"refreshToken": registered.get_json()["refreshToken"]}
        ).get_json(),
    )
    hold(
        answers.TicketSchema,
        intake_client.post("/api/realtime/ticket", headers=bearer()).get_json(),
    )
    hold(answers.HistorySchema, intake_client.get("/api/actions", headers=bearer()).get_json())
    hold(answers.ErrorSchema, intake_client.get("/nowhere").get_json())
    hold(answers.HealthSchema, intake_client.get("/health").get_json())
