"""What everybody may read of one player: numbers, score over time, places, and the page's head."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.actions.model import Status
from domain.boards import public
from domain.boards.public import MAX_LAST_ACTIONS, MAX_POINTS
from domain.settings import Settings
from domain.store.postgres.boards.public_players import PATIENCE
from domain.store.store import Store, connect
from tests.bans import ban, unban
from tests.factories import (
    Player,
    make_action,
    make_player,
    make_settings,
    make_stored_action,
)
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import Headers, assert_refused
from web.app import create_app
from web.boards import directory
from web.routes.boards import player_boards
from web.schemas.players import PlayerHistorySchema, PlayerPlacesSchema
from workers.context import WorkerContext

Bearer = Callable[..., Headers]
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
NAMES = (
    "<b onclick=alert(1)>x</b>",
    "ماريا الحسن",
    "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM",
    "a\"b'c&amp;",
)


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


@pytest.fixture
def ada(store: Store) -> Player:
    """A player without actions."""
    return make_player(store, username="Ada")


@pytest.fixture
def client(app: Flask, bearer: Bearer) -> FlaskClient:
    """A client of a spectator."""
    spectator = app.test_client()
    spectator.environ_base["HTTP_AUTHORIZATION"] = bearer(roles=["spectator"])["Authorization"]
    return spectator


def read_history(client: FlaskClient, user_id: UUID) -> dict[str, Any]:
    answer = client.get(f"/api/users/{user_id}/history")
    assert answer.status_code == 200, answer.get_json()
    history: dict[str, Any] = answer.get_json()
    assert PlayerHistorySchema().validate(history) == {}
    return history


def store_actions(store: Store, player: Player, count: int, **columns: Any) -> None:
    """Store so many applied actions of 10 points, one a minute."""
    for number in range(1, count + 1):
        at = NOON + timedelta(minutes=number)
        make_stored_action(store, player, at=at, score_delta=10, new_score=10 * number, **columns)


def visit(client: FlaskClient, user_id: object) -> TestResponse:
    return client.get(f"/players/{user_id}")


def test_the_history_has_each_applied_action_and_nothing_private(
    client: FlaskClient, worker_context: WorkerContext
) -> None:
    ada = uuid4()
    for score in (100, 5000, 250):
        complete_actions(
            worker_context, [make_action(user_id=ada, score=score, action_type="quest")]
        )
    history = read_history(client, ada)
    assert [point["score"] for point in history["points"]] == [100, 350]
    assert (history["score"], history["rank"], history["totalActions"]) == (350, 1, 2)
    assert history["isWhole"] is True
    assert [
        (action["actionType"], action["score"], action["newScore"])
        for action in history["lastActions"]
    ] == [("quest", 250, 350), ("quest", 100, 100)]
    assert history["lastActions"][0].keys() == {"at", "actionType", "score", "newScore"}


def test_a_player_without_actions_has_an_empty_history(client: FlaskClient, ada: Player) -> None:
    history = read_history(client, ada.user_id)
    assert (history["username"], history["score"], history["rank"]) == ("Ada", 0, None)
    assert (history["points"], history["lastActions"]) == ([], [])


def test_many_actions_make_bounded_points_from_the_first_to_the_last(
    client: FlaskClient, store: Store, ada: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "MAX_POINTS", 12)
    store_actions(store, ada, 40)
    history = read_history(client, ada.user_id)
    scores = [point["score"] for point in history["points"]]
    assert history["isWhole"] is False
    assert len(scores) == 12
    assert (scores[0], scores[-1]) == (10, 400)
    assert scores == sorted(scores)
    gaps = {later - before for before, later in pairwise(scores)}
    assert gaps <= {30, 40}
    assert len(history["lastActions"]) == MAX_LAST_ACTIONS


def test_as_many_actions_as_there_may_be_points_are_whole(
    client: FlaskClient, store: Store, ada: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "MAX_POINTS", 5)
    store_actions(store, ada, 5)
    history = read_history(client, ada.user_id)
    assert [point["score"] for point in history["points"]] == [10, 20, 30, 40, 50]
    assert history["isWhole"] is True
    assert MAX_POINTS <= 200


def test_what_was_not_applied_is_not_told(
    client: FlaskClient, store: Store, ada: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "MAX_POINTS", 5)
    store_actions(store, ada, 2)
    later = NOON + timedelta(hours=1)
    for status in (Status.REJECTED, Status.QUARANTINED, Status.FAILED, Status.VOIDED):
        make_stored_action(store, ada, at=later, status=status, action_type="secret", new_score=999)
    history = read_history(client, ada.user_id)
    assert {point["score"] for point in history["points"]} == {10, 20}
    assert [action["score"] for action in history["lastActions"]] == [10, 10]


def test_a_long_row_of_refused_actions_is_not_walked_over(
    client: FlaskClient, store: Store, ada: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "MAX_POINTS", 3)
    store_actions(store, ada, 1)
    later = NOON + timedelta(hours=1)
    for _ in range(PATIENCE + 2):
        make_stored_action(store, ada, at=later, status=Status.REJECTED)
    history = read_history(client, ada.user_id)
    assert [point["score"] for point in history["points"]] == [10]
    assert history["lastActions"] == []


def test_an_unchanged_history_is_not_sent_again(client: FlaskClient, ada: Player) -> None:
    path = f"/api/users/{ada.user_id}/history"
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("part", ["history", "boards"])
def test_who_is_unknown_banned_or_erased_is_not_there(
    client: FlaskClient, store: Store, bearer: Bearer, ada: Player, part: str
) -> None:
    path = f"/api/users/{ada.user_id}/{part}"
    assert client.get(path).status_code == 200
    ban(store, ada.user_id)
    assert_refused(client.get(path), 404, "NOT_FOUND")
    assert visit(client, ada.user_id).status_code == 404
    unban(store, ada.user_id)
    assert client.get(path).status_code == 200
    assert client.delete("/api/users/me", headers=bearer(ada.user_id)).status_code == 204
    assert_refused(client.get(path), 404, "NOT_FOUND")
    assert visit(client, ada.user_id).status_code == 404
    assert_refused(client.get(f"/api/users/{uuid4()}/{part}"), 404, "NOT_FOUND")
    assert_refused(client.get(f"/api/users/abc/{part}"), 400, "INVALID_PAYLOAD")


def test_who_has_a_generated_name_and_has_not_erased_anything_is_there(
    client: FlaskClient, store: Store
) -> None:
    unnamed = make_player(store, username=f"player-{uuid4().hex[:24]}")
    assert client.get(f"/api/users/{unnamed.user_id}/history").status_code == 200


def test_places_are_of_boards_that_the_caller_may_read(
    client: FlaskClient,
    store: Store,
    worker_context: WorkerContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_board(store, "best", title="Best", aggregate="best")
    make_board(store, "levels", segment="metadata.level")
    make_board(store, "other", actionTypes=["other"])
    make_board(store, "staff", readers="admins")
    ada, bob = uuid4(), uuid4()
    for user, score in ((ada, 100), (ada, 150), (bob, 200)):
        complete_actions(worker_context, [make_action(user_id=user, score=score)])
    answer = client.get(f"/api/users/{ada}/boards")
    places = answer.get_json()["places"]
    assert PlayerPlacesSchema().validate(answer.get_json()) == {}
    assert [
        (place["board"], place["segment"], place["rank"], place["score"], place["totalUsers"])
        for place in places
    ] == [("global", None, 1, 250, 2), ("best", None, 2, 150, 2), ("levels", "5", 1, 250, 2)]
    assert places[1]["title"] == "Best"
    tag = answer.headers["ETag"]
    again = client.get(f"/api/users/{ada}/boards", headers={"If-None-Match": tag})
    assert again.status_code == 304
    monkeypatch.setattr(player_boards, "MAX_BOARDS", 2)
    assert len(client.get(f"/api/users/{ada}/boards").get_json()["places"]) == 2


@pytest.mark.parametrize("name", NAMES)
def test_names_are_inert_in_the_head_of_the_page(
    client: FlaskClient, store: Store, name: str
) -> None:
    player = make_player(store, username=name, score=1234567, reached_seq=1, total_actions=3)
    answer = visit(client, player.user_id)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    if name != escape(name):
        assert name not in page
    assert "1,234,567" in page


@pytest.mark.parametrize("wrong", ["abc", "%00", str(UUID(int=7)), "<script>"])
def test_a_page_of_nobody_is_html_and_says_so(client: FlaskClient, wrong: str) -> None:
    answer = visit(client, wrong)
    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
    page = answer.get_data(as_text=True)
    assert "No such player" in page
    assert "<script>" not in page


def test_without_the_database_neither_is_answered(batcher: RecordingBatcher) -> None:
    settings = make_settings()
    client = create_app(settings, connect(settings), batcher).test_client()
    assert client.get(f"/players/{uuid4()}").status_code == 503


def test_without_spectators_the_page_is_without_numbers(
    settings: Settings, store: Store, batcher: RecordingBatcher, ada: Player
) -> None:
    client = create_app(replace(settings, spectators=False), store, batcher).test_client()
    answer = client.get(f"/players/{ada.user_id}")
    assert answer.status_code == 200
    assert ada.username not in answer.get_data(as_text=True)
