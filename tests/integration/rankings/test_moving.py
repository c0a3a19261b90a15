"""A player's rows follow the attribute that a board is split by, in SQL and in Redis."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.accounts.changes import AccountChange, change_account, delete_account
from domain.accounts.passwords import Passwords
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.rankings.counting import BoardRule
from domain.rankings.definition_json import decode_definition
from domain.rankings.model import BoardVersion, Contribution, CountedAction, VersionState
from domain.store.postgres.accounts.attributes import lock_attributes
from domain.store.postgres.actions.score_locks import lock_scores
from domain.store.postgres.rankings.ledger.actions import lock_players
from domain.store.redis import keys
from domain.store.redis.client import connect_redis
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows, make_board
from tests.waiting import wait_until
from workers.context import WorkerContext

SPLIT = {"segment": "player.country"}
PASSWORDS = Passwords()


@pytest.fixture
def ann(worker_context: WorkerContext) -> UUID:
    """A player from DE, without a score."""
    user_id = uuid4()
    complete_actions(worker_context, [make_action(user_id=user_id, score=0)])
    follow(worker_context.store, user_id, country="DE")
    return user_id


def follow(store: Store, user_id: UUID, **attributes: str | None) -> None:
    """Change attributes as the player does."""
    now = datetime.now(UTC)
    change_account(
        store,
        PASSWORDS,
        board=GLOBAL_BOARD,
        user_id=user_id,
        change=AccountChange(attributes=attributes),
        current_password=None,
        session_id=None,
        until=now,
        now=now,
    )


def play(context: WorkerContext, user_id: UUID, **overrides: Any) -> None:
    complete_actions(context, [make_action(user_id=user_id, **overrides)])


def list_places(store: Store, slug: str = "home") -> list[tuple[str, UUID, int]]:
    return [(segment, user, value) for _, segment, user, value in list_rows(store, slug)]


def list_sets(store: Store, slug: str = "home") -> dict[str, list[UUID]]:
    """Return the players of each of the board's sorted sets, by segment."""
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT n.segment, n.ranking_no FROM rankings n JOIN board_versions v"
                " USING (version_no) WHERE v.board_id = :slug"
            ),
            {"slug": slug},
        ).all()
    found: dict[str, list[UUID]] = {}
    for segment, number in rows:
        key = keys.ranking(number)
        members: list[str] = store.redis.run(lambda client, key=key: client.zrange(key, 0, -1))
        found[segment] = [UUID(member.partition(":")[2]) for member in members]
    return found


def test_rows_move_to_the_new_segment_everywhere(worker_context: WorkerContext, ann: UUID) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    make_board(store, "today", period={"kind": "daily"}, **SPLIT)
    make_board(store, "guild", segment="player.guild")
    make_board(store, "all")
    play(worker_context, ann, score=5)
    whole = list_rows(store, "all")
    follow(store, ann, country="AT", guild="foxes")
    for slug in ("home", "today"):
        assert list_places(store, slug) == [("AT", ann, 5)]
        assert list_sets(store, slug) == {"DE": [], "AT": [ann]}
    assert list_places(store, "guild") == []
    assert list_rows(store, "all") == whole
    play(worker_context, ann, score=2)
    assert list_places(store) == [("AT", ann, 7)]
    assert list_sets(store) == {"DE": [], "AT": [ann]}
    assert list_places(store, "guild") == [("foxes", ann, 2)]


def test_others_stay_where_they_are_and_a_player_may_come_back(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    bob = uuid4()
    play(worker_context, bob, score=0)
    follow(store, bob, country="DE")
    play(worker_context, bob, score=9)
    play(worker_context, ann, score=5)
    for country in ("AT", "DE", "AT", "DE"):
        follow(store, ann, country=country)
    assert list_places(store) == [("DE", bob, 9), ("DE", ann, 5)]
    assert list_sets(store) == {"DE": [bob, ann], "AT": []}


def test_who_has_the_attribute_no_more_does_not_count_and_the_row_waits_for_the_next_one(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    play(worker_context, ann, score=5)
    follow(store, ann, country=None)
    play(worker_context, ann, score=1)
    assert (list_places(store), list_sets(store)) == ([("DE", ann, 5)], {"DE": [ann]})
    follow(store, ann, country="AT")
    play(worker_context, ann, score=3)
    assert list_places(store) == [("AT", ann, 8)]
    assert list_sets(store) == {"DE": [], "AT": [ann]}


def test_what_came_in_before_the_first_value_does_not_count(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    bob = uuid4()
    play(worker_context, bob, score=5)
    (waiting,) = accept_actions(
        store, actions=[make_action(user_id=bob, score=7)], reply_to=None
    ).batches
    follow(store, bob, country="DE")
    finish_batch(worker_context, waiting.batch_id)
    play(worker_context, bob, score=2)
    assert list_places(store) == [("DE", bob, 2)]


def test_what_came_in_while_there_was_a_value_counts_also_when_it_is_scored_later(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    (waiting,) = accept_actions(
        store, actions=[make_action(user_id=ann, score=7)], reply_to=None
    ).batches
    follow(store, ann, country=None)
    finish_batch(worker_context, waiting.batch_id)
    assert list_places(store) == [("DE", ann, 7)]


def test_the_end_of_an_account_leaves_its_rows_where_they_are(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    follow(store, ann, guild="foxes")
    play(worker_context, ann, score=5)
    now = datetime.now(UTC)
    delete_account(
        store,
        PASSWORDS,
        board=GLOBAL_BOARD,
        user_id=ann,
        current_password=None,
        until=now,
        now=now,
    )
    play(worker_context, ann, score=1)
    assert list_places(store) == [("DE", ann, 5)]
    with store.write() as connection:
        stored = lock_attributes(connection, user_id=ann)
    assert stored is not None
    assert stored.values == {}
    # Nothing is kept of what no board was split by.
    assert [change.value for change in stored.history["country"]] == ["DE", None]
    assert stored.history.keys() == {"country"}


def test_rows_of_periods_that_are_over_stay_and_late_ones_join_them(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    start = datetime.now(UTC) - timedelta(days=1)
    end = start + timedelta(days=1, seconds=1)
    period = {"kind": "season", "start": start.isoformat(), "end": end.isoformat()}
    make_board(store, "over", period=period, **SPLIT)
    play(worker_context, ann, score=5)
    (late,) = accept_actions(
        store, actions=[make_action(user_id=ann, score=7)], reply_to=None
    ).batches
    wait_until(lambda: datetime.now(UTC) > end)
    follow(store, ann, country="AT")
    finish_batch(worker_context, late.batch_id)
    assert list_places(store, "over") == [("DE", ann, 12)]


def test_a_new_version_has_what_is_over_where_it_was(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    with store.write() as connection:
        (player,) = lock_players(connection, user_ids=[ann])
    since = player.facts.history["country"][-1].at
    follow(store, ann, country="AT")
    with store.write() as connection:
        (player,) = lock_players(connection, user_ids=[ann])
    changed = player.facts.history["country"][-1].at
    period = {"kind": "season", "start": since.isoformat(), "end": changed.isoformat()}
    for end, segment in ((changed, "DE"), (changed + timedelta(days=1), "AT")):
        period["end"] = end.isoformat()
        document = {"id": "home", "period": period, **SPLIT}
        version = BoardVersion(1, 1, decode_definition(document), VersionState.BUILDING)
        action = CountedAction(1, str(ann), None, 5, None, since)
        found = BoardRule(version).contribute(action, None, player.facts)
        assert isinstance(found, Contribution)
        assert found.segment == segment


def test_buckets_of_a_rolling_board_move_with_the_row(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", period={"kind": "rolling", "window": "7d"}, **SPLIT)
    play(worker_context, ann, score=5)
    follow(store, ann, country="AT")
    play(worker_context, ann, score=2)
    assert list_places(store) == [("AT", ann, 7)]
    with store.write() as connection:
        buckets = connection.execute(
            text(
                "SELECT n.segment, sum(b.value) FROM ranking_buckets b JOIN rankings n"
                " USING (ranking_no) GROUP BY 1"
            )
        ).all()
    assert [tuple(row) for row in buckets] == [("AT", 7)]


def test_a_version_that_is_being_built_follows_too(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    with store.write() as connection:
        connection.execute(text("UPDATE board_versions SET state = 'building'"))
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    play(worker_context, ann, score=5)
    follow(store, ann, country="AT")
    assert list_places(store) == [("AT", ann, 5)]


def test_a_change_waits_for_scoring_and_then_moves_what_it_wrote(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    play(worker_context, ann, score=5)
    with ThreadPoolExecutor(1) as pool, store.write() as scoring:
        lock_scores(scoring, user_ids=[str(ann)])
        waiting = pool.submit(follow, store, ann, country="AT")
        wait_until(lambda: count_waiting(store) == 1)
        scoring.execute(text("UPDATE ranking_rows SET value = value + 2"))
        scoring.commit()
        waiting.result(10)
    assert list_places(store) == [("AT", ann, 7)]


def count_waiting(store: Store) -> int:
    with store.write() as connection:
        query = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(connection.execute(text(query)).scalar_one())


def test_redis_away_moves_in_sql_and_the_next_write_is_not_older(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store
    make_board(store, "home", **SPLIT)
    play(worker_context, ann, score=5)
    away = replace(store, redis=connect_redis("redis://127.0.0.1:1/0"))
    follow(away, ann, country="AT")
    assert list_places(store) == [("AT", ann, 5)]
    play(worker_context, ann, score=2)
    assert list_sets(store)["AT"] == [ann]


def test_a_build_that_waits_for_a_change_sees_the_new_attributes(
    worker_context: WorkerContext, ann: UUID
) -> None:
    store = worker_context.store

    def read_facts() -> Mapping[str, str]:
        with store.write() as connection:
            (player,) = lock_players(connection, user_ids=[ann])
            return player.facts.attributes

    with ThreadPoolExecutor(1) as pool, store.write() as changing:
        lock_scores(changing, user_ids=[str(ann)])
        waiting = pool.submit(read_facts)
        wait_until(lambda: count_waiting(store) == 1)
        changing.execute(text('UPDATE users SET attributes = \'{"country": "AT"}\''))
        changing.commit()
        assert waiting.result(10) == {"country": "AT"}
