"""A ban takes a player off every board, and its end is as if there had been none."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import InvalidPayloadError, NotFoundError
from domain.moderation.banning import find_ban
from domain.store.store import Store
from tests.bans import ban, unban
from tests.factories import make_action, make_player
from tests.integration.boards.reading import list_board
from tests.pipeline import complete_actions
from tests.rankings import list_rows, make_board
from workers.context import WorkerContext

NOW = datetime.now(UTC)
STATE = text(
    "SELECT score, reached_seq, withheld_seq, total_actions FROM user_scores WHERE user_id = :id"
)


def read_state(store: Store, user_id: UUID) -> tuple[int, int | None, int | None, int]:
    with store.write() as connection:
        return tuple(connection.execute(STATE, {"id": user_id}).one())


def test_a_banned_player_is_on_no_board_and_back_afterwards(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "all-time")
    make_board(store, "today", period={"kind": "rolling", "window": "24h"})
    ann, bob = make_player(store).user_id, make_player(store).user_id
    complete_actions(
        worker_context, [make_action(user_id=user, score=7) for user in (ann, bob, ann)]
    )
    rebuild_board(store, board=GLOBAL_BOARD)
    before = [list_rows(store, slug) for slug in ("all-time", "today")]
    score = read_state(store, ann)
    ban(store, ann)
    assert [user for *_, user, _ in list_rows(store, "all-time")] == [bob]
    assert [user for *_, user, _ in list_rows(store, "today")] == [bob]
    assert list_board(store, GLOBAL_BOARD) == [bob]
    assert read_state(store, ann) == (14, None, score[1], 2)
    unban(store, ann)
    assert [list_rows(store, slug) for slug in ("all-time", "today")] == before
    assert list_board(store, GLOBAL_BOARD) == [ann, bob]
    assert read_state(store, ann) == score
    assert find_ban(store, user_id=ann) is None


def test_what_was_accepted_before_counts_when_the_ban_has_ended(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "all-time")
    ann = make_player(store).user_id
    ban(store, ann)
    assert read_state(store, ann) == (0, None, 0, 0)
    complete_actions(worker_context, [make_action(user_id=ann, score=7)])
    assert list_rows(store, "all-time") == []
    score, reached, withheld, actions = read_state(store, ann)
    assert (score, reached, actions) == (7, None, 1)
    unban(store, ann)
    assert read_state(store, ann) == (7, withheld, None, 1)
    assert [value for *_, value in list_rows(store, "all-time")] == [7]


def test_another_ban_takes_the_place_of_the_one_that_runs(worker_context: WorkerContext) -> None:
    store = worker_context.store
    ann = make_player(store).user_id
    complete_actions(worker_context, [make_action(user_id=ann, score=7)])
    first, state = ban(store, ann), read_state(store, ann)
    assert ban(store, ann) == first
    until = NOW + timedelta(days=1)
    second = ban(store, ann, until=until)
    assert second.ban_no > first.ban_no
    assert find_ban(store, user_id=ann) == second
    assert read_state(store, ann) == state
    with store.write() as connection:
        kinds = connection.execute(text("SELECT kind FROM moderation_acts ORDER BY act_no"))
        assert list(kinds.scalars()) == ["ban", "ban"]
    unban(store, ann)
    assert read_state(store, ann)[2] is None


def test_what_cannot_be_is_refused(store: Store) -> None:
    ann = make_player(store).user_id
    with pytest.raises(NotFoundError):
        ban(store, uuid4())
    with pytest.raises(NotFoundError):
        unban(store, uuid4())
    with pytest.raises(NotFoundError):
        find_ban(store, user_id=uuid4())
    with pytest.raises(NotFoundError, match="not banned"):
        unban(store, ann)
    with pytest.raises(InvalidPayloadError):
        ban(store, ann, until=NOW - timedelta(seconds=1))
    assert find_ban(store, user_id=ann) is None
