"""Removal: beyond those that a board keeps, closed periods lose their rows and keep their seals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.rankings.closing import removal
from domain.rankings.closing.closing import close_changed, close_due
from domain.rankings.closing.removal import remove_old_periods
from domain.rankings.periods import period_at
from domain.store.redis import keys
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_definition,
    make_ranking,
    read_seals,
    write_row,
)
from tests.pipeline import complete_actions
from workers.context import WorkerContext

DAY = timedelta(days=1)


def make_days(store: Store, *, keep: int, days: int, segments: str = " ") -> list[list[int]]:
    """Store closed days of a board, the last one first, each with a ranking for each segment."""
    version = make_board(store, keepPeriods=keep)
    now = datetime.now(UTC)
    made = [
        [
            make_ranking(
                store, version, key=f"day-{day}", segment=name.strip(), end=now - day * DAY
            )
            for name in segments
        ]
        for day in range(1, days + 1)
    ]
    for rankings in made:
        for ranking in rankings:
            add_rows(store, ranking, [3, 2])
            row = RowWrite("a", "00", 1, 0)
            write_rankings(store.redis, [RankingWrite(ranking, False, 8, "", [row])])
    return made


def list_filled(store: Store) -> set[int]:
    """Return the rankings that have rows, in SQL and in Redis, which must agree."""
    sql = {row.ranking_no for row in fetch(store, "SELECT DISTINCT ranking_no FROM ranking_rows")}
    all_numbers = {row.ranking_no for row in fetch(store, "SELECT ranking_no FROM rankings")}
    redis = {
        number
        for number in all_numbers
        if store.redis.run(lambda client, number=number: client.exists(keys.ranking(number)))
    }
    assert sql == redis
    return sql


def test_the_last_closed_periods_are_kept_with_all_their_segments(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CHUNK_ROWS", 1)
    days = make_days(store, keep=2, days=4, segments="ab")
    assert remove_old_periods(store) == 0
    list(close_due(store))
    write_row(store, days[3][0], add_rows(store, days[3][0], [9])[0], 10)
    list(close_changed(store, pause_seconds=0))
    assert remove_old_periods(store) == 4
    assert list_filled(store) == {number for rankings in days[:2] for number in rankings}
    assert len(read_seals(store)) == 9
    assert fetch(store, "SELECT 1 FROM ranking_row_revisions") == []
    assert remove_old_periods(store) == 0


def test_what_earlier_versions_have_sealed_goes_with_the_periods_of_then(store: Store) -> None:
    (last,), (old,) = make_days(store, keep=2, days=2)
    list(close_due(store))
    assert remove_old_periods(store) == 0
    (ended,) = fetch(store, "SELECT period_end FROM rankings WHERE ranking_no = :last", last=last)
    live = make_board(store, keepPeriods=2)
    again = make_ranking(store, live, key="day-1", end=ended.period_end)
    newest = make_ranking(store, live, key="day-0", end=ended.period_end + DAY / 2)
    list(close_due(store))
    assert remove_old_periods(store) == 1
    left = fetch(store, "SELECT ranking_no FROM rankings WHERE removed_at IS NULL")
    assert {row.ranking_no for row in left} == {last, again, newest}
    assert fetch(store, "SELECT 1 FROM ranking_rows WHERE ranking_no = :old", old=old) == []


def test_who_dies_while_rows_go_is_followed_by_one_who_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CHUNK_ROWS", 1)
    (kept,), (old,) = make_days(store, keep=1, days=2)
    list(close_due(store))
    delete = removal.delete_some
    calls: list[int] = []

    def delete_and_die(connection: Any, **arguments: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return delete(connection, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(removal, "delete_some", delete_and_die)
        with pytest.raises(KeyboardInterrupt):
            remove_old_periods(store)
    left = fetch(store, "SELECT 1 FROM ranking_rows WHERE ranking_no = :old", old=old)
    assert len(left) == 1
    assert remove_old_periods(store) == 0
    assert list_filled(store) == {kept}


def test_what_has_a_seal_under_way_is_not_removed(store: Store) -> None:
    (_,), (old,) = make_days(store, keep=1, days=2)
    list(close_due(store))
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET revision = 2 WHERE ranking_no = :old"), {"old": old}
        )
    assert remove_old_periods(store) == 0


def test_a_late_decision_on_a_removed_period_changes_nothing(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    version = make_board(store, keepPeriods=0)
    now = datetime.now(UTC)
    period = period_at(make_definition(), now)
    assert period is not None
    ranking = make_ranking(store, version, key=period.key, end=now - timedelta(seconds=70))
    add_rows(store, ranking, [3])
    list(close_due(store))
    assert remove_old_periods(store) == 1
    # As if it had come in before the period's end, which the test has moved.
    complete_actions(worker_context, [make_action(score=5)])
    assert fetch(store, "SELECT 1 FROM ranking_rows") == []
    assert fetch(store, "SELECT 1 FROM ranking_row_revisions") == []
    assert [row.status for row in fetch(store, "SELECT status FROM user_actions")] == ["applied"]
