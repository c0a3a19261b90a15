"""The sorted sets of rankings: rebuilt from SQL after any loss, compared, repaired, forgotten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from domain.rankings.ledger.building import build_version, list_builds, make_live
from domain.rankings.model import BoardVersion
from domain.rankings.sets import compare, rebuild, walking
from domain.rankings.sets.compare import compare_rankings
from domain.rankings.sets.rebuild import forget_closed, list_untrusted, rebuild_rankings
from domain.store.redis import keys
from domain.store.redis.contents.rankings import StoredRow
from domain.store.store import Store
from tests.built_boards import make_ledger, make_version
from tests.rankings import list_rows

NOW = datetime.now(UTC)
DENSE = {"id": "dense", "ties": "dense", "segment": "player.country", "timeZone": "Asia/Kathmandu"}
DAILY = {"id": "daily", "period": {"kind": "daily"}}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(walking, "RANKINGS_AT_ONCE", 2)
    monkeypatch.setattr(compare, "SECOND_LOOK_SECONDS", 0.0)


@pytest.fixture
def versions(store: Store) -> list[BoardVersion]:
    """Two boards that are live, with rows in SQL and none in Redis."""
    make_ledger(store, players=10, actions=80, since=NOW - timedelta(days=2), until=NOW)
    made = [make_version(store, document) for document in (DENSE, DAILY)]
    for progress in list_builds(store):
        build_version(store, progress=progress, archive_path=Path("/nonexistent"))
        assert make_live(store, version=progress.version)
    return made


def list_sets(store: Store, slug: str) -> list[str]:
    """Return the users in the sets of a board's rankings, by period, segment and place."""
    with store.write() as connection:
        numbers = connection.execute(
            text(
                "SELECT ranking_no FROM rankings JOIN board_versions USING (version_no)"
                " WHERE board_id = :slug AND (period_end IS NULL OR period_end > :now)"
                " ORDER BY period_key, segment"
            ),
            {"slug": slug, "now": NOW},
        ).scalars()
        return [
            member[-36:]
            for number in list(numbers)
            for member in store.redis.run(
                lambda client, of=number: client.zrange(keys.ranking(of), 0, -1)
            )
        ]


def list_expected(store: Store, slug: str) -> list[str]:
    today = f"{NOW:%Y-%m-%d}"
    return [str(row[2]) for row in list_rows(store, slug) if row[0] in (today, "all")]


def rebuild_all(store: Store, versions: list[BoardVersion]) -> int:
    return rebuild_rankings(store, list_untrusted(store, versions=versions, now=NOW))


def test_sets_are_rebuilt_from_sql_in_its_order(store: Store, versions: list[BoardVersion]) -> None:
    assert len(list_untrusted(store, versions=versions, now=NOW)) == 4
    assert rebuild_all(store, versions) == 4
    assert list_untrusted(store, versions=versions, now=NOW) == []
    for slug in ("dense", "daily"):
        assert list_sets(store, slug) == list_expected(store, slug) != []


def test_a_set_that_is_lost_or_of_an_earlier_run_is_untrusted_again(
    store: Store, versions: list[BoardVersion]
) -> None:
    rebuild_all(store, versions)
    first, second = list_untrusted_after_loss(store, versions)
    assert rebuild_all(store, versions) == 2
    assert list_untrusted(store, versions=versions, now=NOW) == []
    assert {first, second} <= set(read_open_numbers(store))


def list_untrusted_after_loss(store: Store, versions: list[BoardVersion]) -> list[int]:
    first, second, *_ = read_open_numbers(store)
    store.redis.run(lambda client: client.delete(keys.ranking(first)))
    store.redis.run(lambda client: client.hset(keys.ranking_rows(second), "#", "the run before"))
    untrusted = list_untrusted(store, versions=versions, now=NOW)
    assert sorted(each.ranking_no for each in untrusted) == sorted([first, second])
    return [first, second]


def read_open_numbers(store: Store) -> list[int]:
    with store.write() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT ranking_no FROM rankings WHERE period_end IS NULL"
                    " OR period_end > :now ORDER BY ranking_no"
                ),
                {"now": NOW},
            ).scalars()
        )


def test_a_rebuild_that_loses_redis_leaves_the_set_untrusted(
    store: Store, versions: list[BoardVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = rebuild.sets.write_rankings
    calls = iter(range(99))

    def lose(*arguments: object) -> object:
        if next(calls) == 1:
            store.redis.run(lambda client: client.flushdb())
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rebuild.sets, "write_rankings", lose)
    untrusted = list_untrusted(store, versions=versions, now=NOW)
    assert rebuild_rankings(store, untrusted) < 4
    assert list_untrusted(store, versions=versions, now=NOW)
    rebuild_all(store, versions)
    assert list_untrusted(store, versions=versions, now=NOW) == []


def test_the_comparison_writes_what_is_behind_and_finds_no_fault_else(
    store: Store, versions: list[BoardVersion]
) -> None:
    rebuild_all(store, versions)
    assert compare_rankings(store, versions=versions, now=NOW).repaired == 0
    number = read_open_numbers(store)[0]
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE ranking_rows SET version = nextval('ranking_version_seq'),"
                " sort_key = decode(repeat('00', 16), 'hex') WHERE (ranking_no, user_id) ="
                " (SELECT ranking_no, user_id FROM ranking_rows WHERE ranking_no = :number LIMIT 1)"
            ),
            {"number": number},
        )
    found = compare_rankings(store, versions=versions, now=NOW)
    assert (found.rankings, found.repaired, found.unsound) == (4, 1, ())
    assert found.rows == len(list_expected(store, "dense") + list_expected(store, "daily"))
    assert list_sets(store, "dense") == list_expected(store, "dense")


def test_the_comparison_leaves_what_redis_has_lost_to_the_rebuild(
    store: Store, versions: list[BoardVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild_all(store, versions)
    read = compare.read_rows

    def lose_all(*arguments: Any, **named: Any) -> dict[str, StoredRow]:
        store.redis.run(lambda client: client.flushdb())
        return read(*arguments, **named)

    monkeypatch.setattr(compare, "read_rows", lose_all)
    found = compare_rankings(store, versions=versions, now=NOW)
    assert found.unsound == ()
    assert 0 < found.rows < len(list_expected(store, "dense") + list_expected(store, "daily"))
    rebuild_all(store, versions)
    assert list_sets(store, "dense") == list_expected(store, "dense")


@pytest.mark.parametrize("damage", ["misplaced", "stranger", "no user"])
def test_a_set_that_no_write_repairs_loses_its_trust(
    store: Store, versions: list[BoardVersion], damage: str
) -> None:
    rebuild_all(store, versions)
    number = read_open_numbers(store)[0]
    rows: dict[str, str] = store.redis.run(lambda client: client.hgetall(keys.ranking_rows(number)))
    user, row = next((user, row) for user, row in rows.items() if user != "#")
    member = f"{row.split('|')[1]}:{user}"
    other = {"misplaced": user, "stranger": "0" * 8 + user[8:], "no user": "x" * 36}[damage]

    def spoil(client: object) -> None:
        if damage == "misplaced":
            client.zrem(keys.ranking(number), member)  # type: ignore[attr-defined]
            client.zadd(keys.ranking(number), {f"{'0' * 32}:{user}": 0})  # type: ignore[attr-defined]
        else:
            client.zadd(keys.ranking(number), {f"{'0' * 32}:{other}": 0})  # type: ignore[attr-defined]
            client.hset(  # type: ignore[attr-defined]
                keys.ranking_rows(number), other, f"1|{'0' * 32}|1||"
            )

    store.redis.run(spoil)
    assert list_untrusted(store, versions=versions, now=NOW) == []
    assert compare_rankings(store, versions=versions, now=NOW).unsound == (number,)
    (untrusted,) = list_untrusted(store, versions=versions, now=NOW)
    assert untrusted.ranking_no == number
    rebuild_all(store, versions)
    assert list_sets(store, "dense") == list_expected(store, "dense")


def test_sets_of_periods_that_are_over_are_not_rebuilt_and_are_forgotten(
    store: Store, versions: list[BoardVersion]
) -> None:
    rebuild_all(store, versions)
    later = NOW + timedelta(days=1)
    assert len(list_untrusted(store, versions=versions[1:], now=later)) == 0
    with store.write() as connection:
        closed = connection.execute(
            text("SELECT count(*) FROM rankings WHERE period_end <= :now"), {"now": NOW}
        )
        already = closed.scalar_one()
    assert forget_closed(store, since=None, until=later) == already + 1
    assert list_sets(store, "daily") == []
    assert list_sets(store, "dense") == list_expected(store, "dense")
    assert forget_closed(store, since=later, until=later + timedelta(days=1)) == 0
