"""What is read of a banned player: on no board, now and in the past, and never an error."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.store import Store
from tests.bans import ban, unban
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.http.bodies import Headers
from web.boards import directory
from workers.context import WorkerContext

Bearer = Callable[..., Headers]
Read = Callable[..., dict[str, Any]]
ADA, BOB = uuid4(), uuid4()
OWN = ("leaderboard/me", "boards/best/me", "boards/global/me")


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)


@pytest.fixture(params=["redis", "sql"])
def between(request: pytest.FixtureRequest, store: Store, worker_context: WorkerContext) -> str:
    """A moment at which Ada is ahead of Bob; boards are read from Redis, or from SQL."""
    make_board(store, "best", aggregate="best")
    if request.param == "redis":
        rebuild_board(store, board=GLOBAL_BOARD)
    scores = {ADA: 30, BOB: 20}
    complete_actions(
        worker_context, [make_action(user_id=user, score=scores[user]) for user in scores]
    )
    return datetime.now(UTC).isoformat()


@pytest.fixture
def read(client: FlaskClient, bearer: Bearer) -> Read:
    """Read something as a player."""

    def get(path: str, user_id: UUID, **query: str) -> dict[str, Any]:
        answer = client.get(f"/api/{path}", headers=bearer(user_id), query_string=query)
        assert answer.status_code == 200, answer.get_json()
        body: dict[str, Any] = answer.get_json()
        return body

    return get


def list_ranks(read: Read, user_id: UUID, at: str) -> list[int | None]:
    """Return the player's rank everywhere."""
    return [
        *((read(path, user_id)["you"] or {}).get("rank") for path in OWN),
        read(f"users/{user_id}/score", user_id)["rank"],
        read(f"users/{user_id}/rank-history", user_id, at=at)["rank"],
        read(f"users/{user_id}/rank-history", user_id, at=at, board="best")["rank"],
    ]


def test_a_banned_player_reads_that_there_is_no_rank(
    store: Store, read: Read, between: str
) -> None:
    assert list_ranks(read, ADA, between) == [1] * 6
    assert list_ranks(read, BOB, between) == [2] * 6
    ban(store, ADA)
    assert list_ranks(read, ADA, between) == [None] * 6
    assert list_ranks(read, BOB, between) == [1] * 6
    assert read(f"users/{ADA}/score", BOB)["score"] == 30
    for board in ("best", "global"):
        page = read(f"boards/{board}/standings", BOB)
        assert [row["userId"] for row in page["leaderboard"]] == [str(BOB)]
    unban(store, ADA)
    assert list_ranks(read, ADA, between) == [1] * 6
    assert list_ranks(read, BOB, between) == [2] * 6
