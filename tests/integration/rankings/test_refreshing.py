"""Refresh writes a batch's rows of every ranking to Redis, as they are in SQL."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.rankings.refresh import refresh_rankings
from domain.store.redis import keys
from domain.store.redis.rankings import forget
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import list_rows, make_board
from workers.context import WorkerContext


def list_set(store: Store, ranking_no: int) -> list[UUID]:
    members: list[str] = store.redis.run(
        lambda client: client.zrange(keys.ranking(ranking_no), 0, -1)
    )
    return [UUID(member.partition(":")[2]) for member in members]


def number_rankings(store: Store) -> dict[str, int]:
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT v.board_id, n.ranking_no FROM rankings n"
                " JOIN board_versions v USING (version_no)"
            )
        )
        return {row.board_id: row.ranking_no for row in rows}


def test_the_sets_have_the_order_of_sql(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "total", aggregate="sum")
    make_board(store, "lowest", aggregate="best", direction="asc", ties="dense")
    users = [uuid4() for _ in range(5)]
    for scores in ((5, 3, 9, 3, 1), (1, 7, 9, 2, 2)):
        complete_actions(
            worker_context,
            [make_action(user_id=u, score=s) for u, s in zip(users, scores, strict=True)],
        )
    numbers = number_rankings(store)
    for slug in ("total", "lowest"):
        assert list_set(store, numbers[slug]) == [user for _, _, user, _ in list_rows(store, slug)]
    assert list_set(store, numbers["total"])[0] == users[2]
    assert list_set(store, numbers["lowest"])[-1] == users[2]


def test_a_sealed_ranking_is_not_written(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "total")
    ann = uuid4()
    complete_actions(worker_context, [make_action(user_id=ann, score=7)])
    with store.write() as connection:
        connection.execute(text("UPDATE rankings SET revision = 1"))
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    complete_actions(worker_context, [make_action(user_id=uuid4(), score=7)])
    assert list_set(store, number_rankings(store)["total"]) == [ann]


@pytest.mark.parametrize(("minutes", "is_written"), [(-60, True), (1, True), (3, False)])
def test_a_late_batch_does_not_bring_back_a_set_that_is_forgotten(
    worker_context: WorkerContext, minutes: int, is_written: bool
) -> None:
    store = worker_context.store
    make_board(store, "daily", period={"kind": "daily"})
    ann = uuid4()
    batch_id = complete_actions(worker_context, [make_action(user_id=ann)])
    number = number_rankings(store)["daily"]
    end = datetime.now(UTC) - timedelta(minutes=minutes)
    with store.write() as connection:
        connection.execute(text("UPDATE rankings SET period_end = :end"), {"end": end})
    forget(store.redis, ranking_nos=[number])
    assert list_set(store, number) == []
    for written in (worker_context.written_rows.take(batch_id), None):
        refresh_rankings(
            store,
            catalogs=worker_context.catalogs,
            rankings=[number],
            user_ids=[str(ann)],
            written=written,
        )
        assert list_set(store, number) == ([ann] if is_written else [])


def list_hash(store: Store, ranking_no: int) -> dict[str, str]:
    rows: dict[str, str] = store.redis.run(
        lambda client: client.hgetall(keys.ranking_rows(ranking_no))
    )
    return {user: row for user, row in rows.items() if user != "#"}


def test_rows_kept_by_the_process_that_scored_are_those_of_sql(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "total")
    make_board(store, "by-country", segment="metadata.country", aggregate="best")
    users = [uuid4() for _ in range(3)]
    countries = ("DE", "FR", "DE")
    batch_id = complete_actions(
        worker_context,
        [
            make_action(user_id=user, metadata=f'{{"country":"{country}"}}')
            for user, country in zip(users, countries, strict=True)
        ],
    )
    with store.write() as connection:
        numbers = connection.execute(text("SELECT ranking_no FROM rankings")).scalars().all()
    kept = {number: list_hash(store, number) for number in numbers}
    assert sorted(map(len, kept.values())) == [1, 2, 3]
    store.redis.run(lambda client: client.flushdb())
    refresh_rankings(
        store,
        catalogs=worker_context.catalogs,
        rankings=numbers,
        user_ids=[str(user) for user in users],
        written=worker_context.written_rows.take(batch_id),
    )
    assert {number: list_hash(store, number) for number in numbers} == kept


def test_a_board_of_days_keeps_no_start_of_the_day(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "total")
    make_board(store, "daily", period={"kind": "daily"})
    complete_actions(worker_context, [make_action()])
    numbers = number_rankings(store)
    days = {
        slug: store.redis.run(lambda client, n=n: client.exists(keys.ranking_day(n)))
        for slug, n in numbers.items()
    }
    assert days == {"total": 1, "daily": 0}
