"""The keeper and time: it closes periods, lets buckets leave, and costs nothing without boards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY
from sqlalchemy import event, insert, text

from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import make_player
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    read_rewards,
    read_seals,
)
from workers.context import WorkerContext
from workers.keeper import Keeper
from workers.upkeep.periods import PeriodDuties

ROLLING = {"period": {"kind": "rolling", "window": "24h"}}


def read(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def count_statements(store: Store, *duties: Callable[[], None]) -> int:
    """Return how many statements these duties send."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    for duty in duties:
        duty()
    event.remove(store.engine, "before_cursor_execute", note)
    return len(sent)


def test_the_keeper_seals_what_is_over_counts_it_and_grants(worker_context: WorkerContext) -> None:
    store = worker_context.store
    rewards = [{"ranks": [1, 2], "reward": "gold"}]
    ranking = make_ranking(store, make_board(store, rewards=rewards))
    add_rows(store, ranking, [9, 7, 5])
    names = ("laurel_period_seals_total", "laurel_rewards_granted_total")
    before = (read(names[0], kind="first"), read(names[1]))
    keeper = Keeper(worker_context)
    keeper.periods.run_due()
    assert read_seals(store) == [(ranking, 1, 3)]
    assert len(read_rewards(store)) == 2
    assert (read(names[0], kind="first"), read(names[1])) == (before[0] + 1, before[1] + 2)
    keeper.periods.run_due()
    assert len(read_seals(store)) == 1


def test_without_boards_the_duties_send_nothing_and_one_statement_when_nothing_is_due(
    store: Store,
) -> None:
    duties = PeriodDuties(store)
    duties.look_for_boards()
    look, *others = [duty for _, duty in duties.duties]
    assert count_statements(store, *others) == 0
    assert count_statements(store, look) == 1
    version = make_board(store)
    make_ranking(store, version, end=datetime.now(UTC) + timedelta(hours=1))
    duties.look_for_boards()
    assert count_statements(store, duties.close_periods) == 1


def test_a_period_that_cannot_be_sealed_is_shown_as_overdue(store: Store) -> None:
    version = make_board(store)
    duties = PeriodDuties(store)
    duties.look_for_boards()
    assert read("laurel_period_overdue_seconds") == 0
    make_ranking(store, version)
    duties.look_for_boards()
    assert 3600 <= read("laurel_period_overdue_seconds") < 3700
    duties.close_periods()
    duties.look_for_boards()
    assert read("laurel_period_overdue_seconds") == 0


def test_the_keeper_lets_buckets_leave_and_removes_what_is_not_kept(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    version = make_board(store, id="rolling", **ROLLING)
    player = make_player(store).user_id
    tally = {"value": 5, "reached_seq": 1, "is_moved": True, "counted": 1}
    with store.write() as connection:
        number = connection.execute(
            insert(tables.rankings)
            .values(version_no=version, period_key="rolling", segment="")
            .returning(tables.rankings.c.ranking_no)
        ).scalar_one()
        connection.execute(
            insert(tables.ranking_buckets).values(
                ranking_no=number,
                user_id=player,
                bucket_at=datetime.now(UTC) - timedelta(hours=26),
                **tally,
            )
        )
        connection.execute(
            insert(tables.ranking_rows).values(
                ranking_no=number,
                user_id=player,
                version=1,
                sort_key=b"k",
                last_updated=datetime.now(UTC),
                **tally,
            )
        )
    old = make_ranking(store, make_board(store, keepPeriods=0))
    add_rows(store, old, [1])
    Keeper(worker_context).periods.run_due()
    assert fetch(store, "SELECT * FROM ranking_rows") == []
    assert read_seals(store) == [(old, 1, 1)]


def test_a_turn_of_the_period_touches_no_row(store: Store) -> None:
    """The next period is another ranking: whatever is in the old one, nothing happens to it."""
    version = make_board(store)
    ranking = make_ranking(store, version, end=datetime.now(UTC) + timedelta(hours=1))
    add_rows(store, ranking, [1])
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO ranking_rows SELECT ranking_no, gen_random_uuid(), n, columns,"
                " reached_seq, is_moved, counted, attempts, version, sort_key, last_updated"
                " FROM ranking_rows, generate_series(1, 20000) n"
            )
        )
    before = fetch(store, "SELECT ctid, xmin, user_id FROM ranking_rows ORDER BY user_id")
    duties = PeriodDuties(store)
    duties.look_for_boards()
    duties.close_periods()
    assert read_seals(store) == []
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET period_end = clock_timestamp() - interval '90 seconds'")
        )
    duties.close_periods()
    assert read_seals(store) == [(ranking, 1, 20001)]
    after = fetch(store, "SELECT ctid, xmin, user_id FROM ranking_rows ORDER BY user_id")
    assert after == before
