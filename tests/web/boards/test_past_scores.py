"""`GET /api/boards/<id>/past-scores`: the scores of before, on every kind of board."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.rankings.history import past_scores
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.http.bodies import Headers, assert_refused
from web.boards import directory
from web.schemas.boards import PastScoresSchema
from workers.context import WorkerContext

Bearer = Callable[..., Headers]
ADA, BOB = UUID(int=1 << 100 | 1), UUID(int=1 << 100 | 2)
# Each of Ada's actions is a batch; two of them change nothing on the board of the best.
ADAS = (30, 50, 20, 0, 70)


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


@pytest.fixture
def played(store: Store, worker_context: WorkerContext) -> None:
    """Boards of every kind, and what has been played on them."""
    make_board(store, "best", aggregate="best", decimals=1)
    make_board(store, "latest", aggregate="latest")
    make_board(store, "count", aggregate="count", period={"kind": "daily"})
    make_board(store, "tries", attempts=2)
    make_board(store, "rolling", period={"kind": "rolling", "window": "24h"})
    make_board(store, "by-team", segment="metadata.team")
    make_board(store, "for-admins", readers="admins")
    for score in ADAS:
        complete_actions(worker_context, [make_action(user_id=ADA, score=score)])
    complete_actions(worker_context, [make_action(user_id=BOB, score=10)])


def read(
    client: FlaskClient, headers: Headers, board: str, *players: UUID, **query: str
) -> dict[str, Any]:
    answer = client.get(
        f"/api/boards/{board}/past-scores",
        headers=headers,
        query_string={"players": ",".join(map(str, players)), **query},
    )
    assert answer.status_code == 200, answer.get_json()
    assert not PastScoresSchema().validate(answer.get_json())
    return {each["userId"]: each["scores"] for each in answer.get_json()["players"]}


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize(
    ("board", "scores"),
    [
        ("global", [30, 80, 100, 170]),
        ("best", [30, 50, 70]),
        ("latest", [30, 50, 20, 0, 70]),
        ("count", [1, 2, 3, 4, 5]),
        ("tries", [30, 80]),
        ("rolling", [30, 80, 100, 170]),
    ],
)
def test_the_scores_of_before_lead_to_that_of_now(
    client: FlaskClient, bearer: Bearer, board: str, scores: list[int]
) -> None:
    stranger = uuid4()
    past = read(client, bearer(), board, BOB, ADA, stranger, ADA)
    assert list(past) == [str(BOB), str(ADA)]
    assert past[str(ADA)] == scores
    assert len(past[str(BOB)]) == 1


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize(
    ("board", "scores"),
    [
        # What counts is told by the last actions alone, or not at all.
        ("global", [80, 100, 170]),
        ("best", [70]),
        ("latest", [20, 0, 70]),
        ("count", [2, 3, 4, 5]),
        ("tries", [80]),
        ("rolling", [170]),
    ],
)
def test_of_a_long_past_the_last_actions_are_looked_at(
    client: FlaskClient,
    bearer: Bearer,
    monkeypatch: pytest.MonkeyPatch,
    board: str,
    scores: list[int],
) -> None:
    monkeypatch.setattr(past_scores, "MAX_ACTIONS", 3)
    assert read(client, bearer(), board, ADA) == {str(ADA): scores}


@pytest.mark.usefixtures("played")
def test_actions_that_do_not_count_are_looked_at_too(
    client: FlaskClient,
    bearer: Bearer,
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    worker_context: WorkerContext,
) -> None:
    make_board(store, "rare", actionTypes=["rare"])
    for kind in ("rare", "rare", "often"):
        complete_actions(worker_context, [make_action(user_id=ADA, score=5, action_type=kind)])
    monkeypatch.setattr(past_scores, "MAX_ACTIONS", 3)
    assert read(client, bearer(), "rare", ADA) == {str(ADA): [5, 10]}
    complete_actions(
        worker_context,
        [make_action(user_id=ADA, score=5, action_type="often") for _ in range(2)],
    )
    # It never reads all that a player has done to find what a board seldom counts.
    assert read(client, bearer(), "rare", ADA) == {str(ADA): [10]}


@pytest.mark.usefixtures("played")
def test_no_more_than_the_last_scores_are_told(
    client: FlaskClient, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_scores, "MAX_SCORES", 2)
    assert read(client, bearer(), "latest", ADA) == {str(ADA): [0, 70]}
    assert read(client, bearer(), "rolling", ADA) == {str(ADA): [100, 170]}


@pytest.mark.usefixtures("played")
def test_of_a_board_that_is_split_a_segment_is_asked_for(
    client: FlaskClient, bearer: Bearer, worker_context: WorkerContext
) -> None:
    actions = [make_action(user_id=ADA, score=5, metadata=f'{{"team":"{team}"}}') for team in "rbr"]
    complete_actions(worker_context, actions)
    assert read(client, bearer(), "by-team", ADA, segment="r") == {str(ADA): [5, 10]}
    assert read(client, bearer(), "by-team", ADA, segment="none") == {}


@pytest.mark.usefixtures("played")
def test_spectators_may_ask_and_nobody_without_a_token(client: FlaskClient) -> None:
    token = client.post("/api/auth/spectate").get_json()["accessToken"]
    path = f"/api/boards/global/past-scores?players={ADA}"
    answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.get_json()["players"][0]["scores"] == [30, 80, 100, 170]
    tag = answer.headers["ETag"]
    again = client.get(path, headers={"Authorization": f"Bearer {token}", "If-None-Match": tag})
    assert again.status_code == 304
    assert_refused(client.get(path), 401, "UNAUTHORIZED")


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "players"),
        ("players=", "players"),
        ("players=x", "players"),
        (f"players={ADA},", "players"),
        ("players=" + ",".join([str(ADA)] * 21), "players"),
        (f"players={ADA}&segment=r", "segment"),
    ],
)
def test_what_is_asked_for_badly_is_named(
    client: FlaskClient, bearer: Bearer, query: str, field: str
) -> None:
    answer = client.get(f"/api/boards/global/past-scores?{query}", headers=bearer())
    error = assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert error["details"]["fields"].keys() == {field}


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("board", ["for-admins", "nowhere"])
def test_a_board_that_the_caller_may_not_read_is_not_there(
    client: FlaskClient, bearer: Bearer, board: str
) -> None:
    answer = client.get(f"/api/boards/{board}/past-scores?players={ADA}", headers=bearer())
    assert_refused(answer, 404, "BOARD_NOT_FOUND")
