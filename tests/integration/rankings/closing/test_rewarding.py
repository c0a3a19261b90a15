"""Rewards: granted once for a period of a board, whichever version of it was live."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.rankings.closing.closing import close_due
from domain.store.postgres.rankings.closing import rewards as rewards_sql
from domain.store.postgres.rankings.closing.seals import GRACE_SECONDS
from domain.store.store import Store
from tests.factories import make_action
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    read_rewards,
)
from tests.pipeline import complete_actions, finish_batch
from tests.waiting import wait_until
from workers.context import WorkerContext

GOLD: dict[str, Any] = {"rewards": [{"ranks": [1, 1], "reward": "gold"}]}
HOUR = timedelta(hours=1)
END = datetime.now(UTC) - HOUR


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - hours * HOUR


def close(store: Store, version: int, *, segment: str = "", key: str = "day") -> int:
    """Close a ranking of one player, whose period ended an hour ago; return the rewards so far."""
    add_rows(store, make_ranking(store, version, segment=segment, key=key, end=END), [5])
    list(close_due(store))
    return len(read_rewards(store))


def test_a_period_that_was_over_before_the_board_was_live_grants_nothing(store: Store) -> None:
    assert close(store, make_board(store, live_at=hours_ago(0.5), **GOLD)) == 0


def test_a_later_version_that_computes_a_closed_period_again_grants_nothing(store: Store) -> None:
    assert close(store, make_board(store, **GOLD)) == 1
    assert close(store, make_board(store, live_at=hours_ago(0.5), **GOLD)) == 1
    assert (
        close(
            store,
            make_board(store, live_at=hours_ago(0.4), segment="metadata.x", **GOLD),
            segment="de",
        )
        == 1
    )


def test_a_version_that_was_retired_before_it_sealed_leaves_the_rewards_to_the_next(
    store: Store,
) -> None:
    make_ranking(store, make_board(store, **GOLD), key="day", end=END)
    assert close(store, make_board(store, live_at=hours_ago(0.5), **GOLD)) == 1


def test_a_change_within_a_period_grants_once(store: Store) -> None:
    make_board(store, **GOLD)
    assert close(store, make_board(store, live_at=hours_ago(2), **GOLD)) == 1


def test_segments_that_the_version_before_has_sealed_are_not_rewarded_again(store: Store) -> None:
    split = {**GOLD, "segment": "metadata.country"}
    before = make_board(store, **split)
    assert close(store, before, segment="de") == 1
    make_ranking(store, before, segment="fr", key="day", end=END)
    after = make_board(store, live_at=hours_ago(0.5), **split)
    assert close(store, after, segment="de") == 1
    assert close(store, after, segment="at") == 1
    assert close(store, after, segment="fr") == 2


def test_rewards_are_granted_in_chunks_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.rankings.closing.closing._CHUNK_WINNERS", 2)
    rewards = [{"ranks": [1, 3], "reward": "gold"}, {"percent": 100, "reward": "pin"}]
    ranking = make_ranking(store, make_board(store, rewards=rewards))
    players = add_rows(store, ranking, [9, 8, 7, 6])
    (closed,) = close_due(store)
    assert closed.rewards == 7
    assert [(user, rank) for user, rank, reward in read_rewards(store) if reward == "pin"] == [
        (user, rank) for rank, user in enumerate(players, 1)
    ]
    assert [user for user, _, reward in read_rewards(store) if reward == "gold"] == players[:3]
    with store.write() as connection:
        (last,) = rewards_sql.list_rewards_of(
            connection, user_id=players[3], before_no=None, limit=5
        )
    assert (last.board, last.period_key, last.rank, last.reward) == (
        "speedrun",
        "2026-11-25",
        4,
        "pin",
    )


def let_season_end(store: Store, end: datetime) -> None:
    """Make this the end of the only season, as if it had been it from the beginning."""
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE board_versions SET definition ="
                " jsonb_set(definition, '{period,end}', to_jsonb(CAST(:end AS text)))"
            ),
            {"end": end.isoformat()},
        )
        connection.execute(text("UPDATE rankings SET period_end = :end"), {"end": end})
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))


def test_a_season_ends_by_the_clock_and_grants_to_those_who_were_in_time(
    worker_context: WorkerContext,
) -> None:
    """Through the pipeline; the last action that was in time is not scored yet."""
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    season = {"kind": "season", "start": hours_ago(1).isoformat(), "end": hours_ago(-1).isoformat()}
    make_board(store, live_at=hours_ago(1), period=season, **GOLD)
    early, last, late = uuid4(), uuid4(), uuid4()
    complete_actions(worker_context, [make_action(user_id=early, score=5)])
    (unscored,) = accept_actions(
        store, actions=[make_action(user_id=last, score=7)], reply_to=None
    ).batches
    end = datetime.now(UTC) + timedelta(seconds=0.2)
    let_season_end(store, end)
    wait_until(lambda: datetime.now(UTC) > end + timedelta(milliseconds=50))
    complete_actions(worker_context, [make_action(user_id=late, score=9)])
    wait_until(lambda: datetime.now(UTC) > end + timedelta(seconds=GRACE_SECONDS + 0.1))
    assert list(close_due(store)) == []
    finish_batch(worker_context, unscored.batch_id)
    (closed,) = close_due(store)
    assert (closed.begun.period_key, closed.seal.digest.rows) == ("season", 2)
    assert read_rewards(store) == [(last, 1, "gold")]
