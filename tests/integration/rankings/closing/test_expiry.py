"""Expiry: players fall on rolling boards when a bucket leaves, whatever dies meanwhile."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, text

from domain.errors import DatabaseLockedError
from domain.rankings.closing import expiry
from domain.rankings.closing.expiry import expire_buckets
from domain.rankings.folding import merge_all, sort_key
from domain.rankings.model import Tally
from domain.store.postgres import tables
from domain.store.postgres.rankings.closing import expiry as expiry_sql
from domain.store.redis import keys
from domain.store.redis.client import connect_redis
from domain.store.redis.rankings import write_rankings
from domain.store.store import Store
from tests.factories import make_player, make_stored_action
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import make_board, make_definition
from tests.rankings import make_unreadable
from tests.waiting import run_in_threads

ROLLING = {"period": {"kind": "rolling", "window": "24h"}}
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
# The first bucket of a window of a day is the hour in which it began.
LEFT, STAYS, NEW = (NOW.replace(minute=0) - hours * HOUR for hours in (25, 24, 1))


class Rolling:
    """A rolling ranking, filled as scoring does it: buckets, rows, and Redis."""

    def __init__(self, store: Store, **fields: Any):
        self.store = store
        self.definition = make_definition(**{**ROLLING, **fields})
        version = make_board(store, **{**ROLLING, **fields})
        with store.write() as connection:
            self.number: int = connection.execute(
                insert(tables.rankings)
                .values(version_no=version, period_key="rolling", segment="")
                .returning(tables.rankings.c.ranking_no)
            ).scalar_one()

    def add(self, values: Mapping[datetime, int], user_id: UUID | None = None) -> UUID:
        """Give a player one action in each of these buckets."""
        user_id = user_id or make_player(self.store).user_id
        with self.store.write() as connection:
            tallies = []
            for bucket_at, value in values.items():
                number = connection.execute(text("SELECT nextval('action_no_seq')")).scalar_one()
                tally = Tally(value, (), number, value != 0, 1)
                tallies.append(tally)
                connection.execute(
                    insert(tables.ranking_buckets).values(
                        ranking_no=self.number,
                        bucket_at=bucket_at,
                        user_id=user_id,
                        value=value,
                        reached_seq=number,
                        is_moved=value != 0,
                        counted=1,
                    )
                )
            total = merge_all(self.definition, tallies)
            key = sort_key(self.definition, total)
            version = connection.execute(text("SELECT nextval('ranking_version_seq')")).scalar_one()
            connection.execute(
                insert(tables.ranking_rows).values(
                    ranking_no=self.number,
                    user_id=user_id,
                    value=total.value,
                    reached_seq=total.reached_seq,
                    is_moved=total.is_moved,
                    counted=total.counted,
                    version=version,
                    sort_key=key,
                    last_updated=LEFT,
                )
            )
        row = expiry.RowWrite(str(user_id), key.hex(), version, 0)
        write_rankings(
            self.store.redis, [expiry.RankingWrite(self.number, False, 8, "2026-11-26", [row])]
        )
        return user_id

    def read(self) -> dict[UUID, int]:
        """Return the values in order; Redis must have the same players in the same order."""
        rows = fetch(self.store, "SELECT * FROM ranking_rows ORDER BY sort_key, user_id")
        members = [f"{bytes(row.sort_key).hex()}:{row.user_id}" for row in rows]
        assert self.list_members() == members
        return {row.user_id: row.value for row in rows}

    def list_members(self) -> list[str]:
        found: list[str] = self.store.redis.run(
            lambda client: client.zrange(keys.ranking(self.number), 0, -1)
        )
        return found

    def list_buckets(self) -> set[tuple[UUID, datetime]]:
        rows = fetch(self.store, "SELECT * FROM ranking_buckets")
        return {(row.user_id, row.bucket_at) for row in rows}


def expire(store: Store, now: datetime = NOW) -> int:
    """Return how many players were looked at."""
    return sum(chunk.players for chunk in expire_buckets(store, now=now))


def list_versions(store: Store) -> dict[UUID, int]:
    return {row.user_id: row.version for row in fetch(store, "SELECT * FROM ranking_rows")}


def test_a_bucket_that_leaves_takes_its_part_of_its_players_rows_only(store: Store) -> None:
    board = Rolling(store)
    falls = board.add({LEFT: 50, STAYS: 3, NEW: 4})
    goes = board.add({LEFT - 9 * HOUR: 60, LEFT: 1})
    others = [board.add({STAYS: 10, NEW: 20 + number}) for number in range(5)]
    before = list_versions(store)
    assert expire(store, NOW - HOUR) == 1
    assert board.read()[goes] == 1
    assert expire(store) == 2
    assert board.read() == {
        **{user: 30 + n for n, user in reversed([*enumerate(others)])},
        falls: 7,
    }
    after = list_versions(store)
    assert after[falls] > before[falls]
    assert {user: after[user] for user in others} == {user: before[user] for user in others}
    assert {at for _, at in board.list_buckets()} == {STAYS, NEW}
    assert expire(store) == 0


def test_days_of_the_zone_leave_a_window_of_days(store: Store) -> None:
    board = Rolling(store, period={"kind": "rolling", "window": "7d"}, timeZone="America/New_York")
    midnight = datetime(2026, 11, 18, 5, tzinfo=UTC)
    board.add({midnight: 5, midnight + timedelta(days=1): 2})
    assert expire(store, midnight + timedelta(days=8) - timedelta(seconds=1)) == 0
    assert expire(store, midnight + timedelta(days=8)) == 1
    assert list(board.read().values()) == [2]


def test_a_best_value_that_leaves_gives_its_place_to_the_next_with_its_time(store: Store) -> None:
    board = Rolling(store, aggregate="best")
    player = make_player(store)
    user_id = board.add({LEFT: 50, NEW: 4}, player.user_id)
    (last,) = fetch(store, "SELECT max(reached_seq) AS no FROM ranking_buckets")
    at = NEW + timedelta(minutes=7)
    make_stored_action(store, player, at=at)
    with store.write() as connection:
        connection.execute(text("UPDATE user_actions SET action_no = :no"), {"no": last.no})
    expire(store)
    assert board.read() == {user_id: 4}
    (row,) = fetch(store, "SELECT * FROM ranking_rows")
    assert (row.reached_seq, row.last_updated, row.counted) == (last.no, at, 1)


@pytest.mark.parametrize("step", ["write_rankings", "delete_buckets"])
def test_who_dies_in_a_chunk_is_followed_by_one_who_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(expiry, "CHUNK_PLAYERS", 2)
    board = Rolling(store)
    falls = [board.add({LEFT: 50, NEW: number}) for number in range(1, 4)]
    gone = [board.add({LEFT: 70}) for _ in range(3)]
    module = expiry if step == "write_rankings" else expiry_sql

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, step, die)
        with pytest.raises(KeyboardInterrupt):
            expire(store)
    assert len(board.list_buckets()) == 9
    versions = list_versions(store)
    assert expire(store) == 6
    assert board.read() == {user: number for number, user in reversed([*enumerate(falls, 1)])}
    assert not set(gone) & set(board.read())
    assert {at for _, at in board.list_buckets()} == {NEW}
    # The rows that were right already were not written again.
    first = set(sorted([*falls, *gone])[:2]) & set(falls)
    after = list_versions(store)
    assert {user: after[user] for user in first} == {user: versions[user] for user in first}


def test_while_redis_is_away_the_rows_are_right_and_it_is_told_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "CHUNK_PLAYERS", 1)
    board = Rolling(store)
    falls = board.add({LEFT: 50, NEW: 2})
    board.add({LEFT: 70})
    away = connect_redis("redis://127.0.0.1:1/0")
    with monkeypatch.context() as outage:
        outage.setattr(type(store.redis), "run", away.run)
        outage.setattr(type(store.redis), "run_script", away.run_script)
        assert [chunk.is_done for chunk in expire_buckets(store, now=NOW)] == [False, False]
    rows = fetch(store, "SELECT user_id, value FROM ranking_rows")
    assert [(row.user_id, row.value) for row in rows] == [(falls, 2)]
    assert len(board.list_members()) == 2
    assert expire(store) == 2
    assert board.read() == {falls: 2}


def test_a_bucket_that_grew_meanwhile_is_looked_at_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Rolling(store)
    user_id = board.add({LEFT: 50, NEW: 2})
    write = expiry.write_rankings

    def write_late(*args: Any) -> Any:
        with store.write() as connection:
            connection.execute(
                text("UPDATE ranking_buckets SET value = 51, counted = 2 WHERE bucket_at = :left"),
                {"left": LEFT},
            )
            connection.execute(text("UPDATE ranking_rows SET value = 53, counted = 3"))
        return write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(expiry, "write_rankings", write_late)
        expire(store)
    assert len(board.list_buckets()) == 2
    assert expire(store) == 1
    assert board.read() == {user_id: 2}


@pytest.mark.parametrize("error", [RuntimeError, DatabaseLockedError])
def test_a_ranking_that_fails_does_not_keep_the_next_one_from_falling(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    first, second = Rolling(store, id="first"), Rolling(store, id="second")
    stays, falls = first.add({LEFT: 1}), second.add({LEFT: 2})
    list_leaving = expiry_sql.list_leaving

    def fail_first(connection: Connection, **where: Any) -> list[tuple[datetime, str]]:
        if where["ranking_no"] == first.number:
            raise error
        return list_leaving(connection, **where)

    with monkeypatch.context() as patch:
        patch.setattr(expiry_sql, "list_leaving", fail_first)
        assert expire(store) == 1
    assert list_versions(store).keys() == {stays} != {falls}
    assert expire(store) == 1
    assert list_versions(store) == {}


def test_a_board_that_is_not_understood_does_not_keep_the_next_one_from_falling(
    store: Store,
) -> None:
    lost, board = Rolling(store, id="lost"), Rolling(store, id="second")
    stays = lost.add({LEFT: 1})
    board.add({LEFT: 2})
    make_unreadable(store, "lost")
    assert expire(store) == 1
    assert list_versions(store).keys() == {stays}


def test_many_at_once_leave_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "CHUNK_PLAYERS", 3)
    board = Rolling(store)
    falls = [board.add({LEFT: 50, NEW: number}) for number in range(1, 20)]
    run_in_threads(lambda: [*expire_buckets(store, now=NOW)], count=4)
    assert board.read() == {user: number for number, user in reversed([*enumerate(falls, 1)])}
    assert {at for _, at in board.list_buckets()} == {NEW}


def test_without_a_rolling_board_nothing_is_done(store: Store) -> None:
    make_board(store)
    assert list(expire_buckets(store)) == []


def test_each_board_s_buckets_leave_by_its_own_window(store: Store) -> None:
    week = Rolling(store, id="week", period={"kind": "rolling", "window": "7d"})
    stays = week.add({LEFT.replace(hour=0): 5})
    day = Rolling(store)
    day.add({LEFT: 6})
    assert expire(store) == 1
    rows = fetch(store, "SELECT ranking_no, user_id FROM ranking_rows")
    assert [(row.ranking_no, row.user_id) for row in rows] == [(week.number, stays)]
