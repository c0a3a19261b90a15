"""`GET /api/users/<id>/rank-history`: one moment, many moments, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.rankings.history import budget
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.http.bodies import Headers, assert_refused
from web.boards import directory
from web.schemas.boards import RankHistorySchema
from workers.context import WorkerContext

Bearer = Callable[..., Headers]
ADA, BOB = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


@pytest.fixture
def between(store: Store, worker_context: WorkerContext) -> datetime:
    """A moment at which Ada is ahead of Bob, who has overtaken her since."""
    make_board(store, "best", aggregate="best", decimals=1, ties="competition")
    make_board(store, "by-team", segment="metadata.team")
    make_board(store, "for-admins", readers="admins")
    complete_actions(
        worker_context,
        [make_action(user_id=ADA, score=30), make_action(user_id=BOB, score=20)],
    )
    moment = datetime.now(UTC)
    complete_actions(worker_context, [make_action(user_id=BOB, score=40)])
    return moment


def read(client: FlaskClient, headers: Headers, user: UUID, **query: Any) -> dict[str, Any]:
    names = {name.rstrip("_"): str(value) for name, value in query.items()}
    answer = client.get(f"/api/users/{user}/rank-history", headers=headers, query_string=names)
    assert answer.status_code == 200, answer.get_json()
    body: dict[str, Any] = answer.get_json()
    assert not RankHistorySchema().validate(body)
    return body


def test_one_moment(client: FlaskClient, bearer: Bearer, between: datetime) -> None:
    at = between.isoformat()
    then = read(client, bearer(), ADA, at=at)
    assert (then["board"], then["rank"], then["score"], then["totalUsers"]) == ("global", 1, 30, 2)
    assert read(client, bearer(), BOB, at=at, board="best")["rank"] == 2
    now = read(client, bearer(), BOB, at=datetime.now(UTC).isoformat(), board="best")
    assert (now["rank"], now["score"], now["period"], now["boardVersion"]) == (1, 40, "all", 1)
    before = read(client, bearer(), BOB, at="2026-01-01T00:00:00Z")
    assert (before["rank"], before["score"], before["totalUsers"]) == (None, None, 0)


def test_a_moment_is_told_with_its_period_and_tag(
    client: FlaskClient, store: Store, bearer: Bearer, between: datetime
) -> None:
    make_board(store, "by-day", period={"kind": "daily"}, timeZone="Europe/Berlin")
    season = {"kind": "season", "start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
    make_board(store, "cup", period=season)
    then = read(client, bearer(), ADA, at="2020-11-25T12:00:00Z", board="by-day")
    assert [then[name] for name in ("board", "boardVersion", "period")] == [
        "by-day",
        1,
        "2020-11-25",
    ]
    assert (then["periodStart"], then["periodEnd"]) == (
        "2020-11-24T23:00:00Z",
        "2020-11-25T23:00:00Z",
    )
    now = read(client, bearer(), ADA, board="by-day")
    assert now["periodStart"] < now["periodEnd"] == now["nextReset"] > then["periodEnd"]
    after = read(client, bearer(), ADA, at="2026-01-01T00:00:00Z", board="cup")
    times = ("periodStart", "periodEnd", "nextReset")
    assert [after[name] for name in ("period", *times)] == [None] * 4
    assert read(client, bearer(), ADA, at="2020-01-02T00:00:00Z", board="cup")["period"] == "season"
    path = f"/api/users/{ADA}/rank-history?at=2020-11-25T12:00:00Z"
    tag = client.get(path, headers=bearer()).headers["ETag"]
    again = client.get(path, headers={**bearer(), "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_points_over_time(client: FlaskClient, bearer: Bearer, between: datetime) -> None:
    points = read(client, bearer(), BOB)["points"]
    assert len(points) == 30
    ranks = [point["rank"] for point in points]
    # A midnight may have passed since.
    assert (ranks[:28], ranks[-1]) == ([None] * 28, 1)
    assert points[-2]["at"].endswith("T00:00:00Z")
    since = between - timedelta(hours=3)
    span = read(client, bearer(), BOB, from_=since.isoformat(), until=between.isoformat(), points=3)
    assert [point["rank"] for point in span["points"]] == [None, None, 2]
    assert len(read(client, bearer(), BOB, points=1)["points"]) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"at": "yesterday"}, "at"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"from": "2999-01-01T00:00:00Z"}, "from"),
        ({"at": "2026-01-01T00:00:00Z", "points": "3"}, "at"),
        ({"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "from"),
        ({"points": "61"}, "points"),
        ({"points": "0"}, "points"),
        ({"board": "by-team"}, "segment"),
        ({"segment": "red"}, "segment"),
    ],
)
def test_a_bad_parameter_is_named(
    client: FlaskClient, bearer: Bearer, between: datetime, query: dict[str, str], field: str
) -> None:
    answer = client.get(f"/api/users/{ADA}/rank-history", headers=bearer(), query_string=query)
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert list(answer.get_json()["error"]["details"]["fields"]) == [field]


def test_who_and_what_is_not_there_is_told(
    client: FlaskClient, bearer: Bearer, between: datetime
) -> None:
    def ask(user: object, board: str, headers: Headers | None) -> Any:
        return client.get(f"/api/users/{user}/rank-history?board={board}", headers=headers)

    assert_refused(ask(ADA, "global", None), 401, "UNAUTHORIZED")
    assert_refused(ask(uuid4(), "global", bearer()), 404, "NOT_FOUND")
    assert_refused(ask("ada", "global", bearer()), 400, "INVALID_PAYLOAD")
    assert_refused(ask(ADA, "unknown", bearer()), 404, "BOARD_NOT_FOUND")
    assert_refused(ask(ADA, "for-admins", bearer()), 404, "BOARD_NOT_FOUND")
    assert ask(ADA, "for-admins", bearer(roles=["admin"])).status_code == 200


def test_too_much_of_the_ledger_is_refused_with_the_command_for_it(
    client: FlaskClient, bearer: Bearer, between: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_ACTIONS", 1)
    answer = client.get(
        f"/api/users/{ADA}/rank-history?board=best&at=2026-01-02T03:04:05Z", headers=bearer()
    )
    assert_refused(answer, 422, "HISTORY_TOO_LARGE")
    assert answer.get_json()["error"]["details"]["command"] == (
        "flask --app wsgi ledger replay --until 2026-01-02T03:04:05+00:00 --board best"
    )
