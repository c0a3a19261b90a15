"""Rankings in Redis: absolute rows, versions, removals, groups, trust, and nothing shared."""

import random
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from domain.store.redis import keys, rankings
from domain.store.redis.contents.rankings import (
    StoredRow,
    find_stale_members,
    iterate_members,
    read_rows,
)
from domain.store.redis.rankings import MAX_ROWS, RankingWrite, RowWrite, write_rankings
from domain.store.store import Store

ONE, TWO = 1, 2
ADA, BOB, EVE = (str(UUID(int=number)) for number in (1, 2, 3))


def make_row(user_id: str, place: int | None, version: int = 1) -> RowWrite:
    """A row that is the further ahead the smaller the place; None removes it."""
    member = None if place is None else f"{place:016x}{int(UUID(user_id)):016x}"
    return RowWrite(user_id, member, version, 1_000 + version)


def make_write(
    ranking_no: int, *rows: RowWrite, is_dense: bool = False, day: str = ""
) -> RankingWrite:
    return RankingWrite(ranking_no, is_dense, 8, day, rows)


def begin(store: Store, *ranking_nos: int) -> None:
    """Make empty rankings that are trusted."""
    token = rankings.begin_rebuild(store.redis, ranking_nos=ranking_nos)
    done = rankings.finish_rebuild(store.redis, ranking_nos=ranking_nos, token=token)
    assert done == set(ranking_nos)


def list_users(store: Store, ranking_no: int) -> list[str]:
    members: list[str] = store.redis.run(
        lambda client: client.zrange(keys.ranking(ranking_no), 0, -1)
    )
    return [member[-36:] for member in members]


def list_groups(store: Store, ranking_no: int) -> list[int]:
    groups: list[str] = store.redis.run(
        lambda client: client.zrange(keys.ranking_groups(ranking_no), 0, -1)
    )
    return [int(group, 16) for group in groups]


def is_trusted(store: Store, ranking_no: int, *, is_dense: bool = False) -> bool:
    return rankings.list_trusted(store.redis, rankings={ranking_no: is_dense}) == {ranking_no}


def dump(store: Store, ranking_no: int) -> dict[str, Any]:
    """Return all that Redis has of a ranking."""
    base = keys.ranking(ranking_no)

    def read(client: Any) -> dict[str, Any]:
        found = [key for key in client.keys("*") if key == base or key.startswith(f"{base}:")]
        return {key: client.dump(key) for key in sorted(found)}

    return store.redis.run(read)


def test_rows_are_absolute_and_an_older_version_changes_nothing(store: Store) -> None:
    begin(store, ONE)
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 5, 2), make_row(BOB, 3, 4))])
    assert list_users(store, ONE) == [BOB, ADA]
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 1, 7))])
    before = dump(store, ONE)
    for version in (1, 6, 7):
        write_rankings(store.redis, [make_write(ONE, make_row(ADA, 9, version))])
    assert dump(store, ONE) == before
    assert list_users(store, ONE) == [ADA, BOB]
    assert read_rows(store.redis, ranking_no=ONE, user_ids=[ADA, EVE]) == {
        ADA: StoredRow(7, make_row(ADA, 1).member or "", True)
    }
    assert is_trusted(store, ONE)


def test_who_is_removed_does_not_come_back_by_an_older_row(store: Store) -> None:
    begin(store, ONE)
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 5, 1), make_row(BOB, 6, 2))])
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, None, 5), make_row(EVE, None, 6))])
    assert list_users(store, ONE) == [BOB]
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 1, 4), make_row(EVE, 1, 6))])
    assert list_users(store, ONE) == [BOB]
    assert is_trusted(store, ONE)
    token = rankings.begin_rebuild(store.redis, ranking_nos=[ONE])
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 1, 4), make_row(BOB, 6, 2))])
    assert rankings.finish_rebuild(store.redis, ranking_nos=[ONE], token=token) == {ONE}
    assert list_users(store, ONE) == [BOB], "the chunk was read before the removal"
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 1, 7), make_row(EVE, 2, 8))])
    assert list_users(store, ONE) == [ADA, EVE, BOB]
    assert is_trusted(store, ONE)
    gone = store.redis.run(lambda client: client.keys(f"{keys.ranking(ONE)}:gone:*"))
    assert all(0 < store.redis.run(lambda c, k=key: c.ttl(k)) <= 1200 for key in gone)


@pytest.mark.parametrize("seed", range(4))
def test_any_writes_in_any_order_leave_the_newest_rows(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    begin(store, ONE, TWO)
    users = [str(UUID(int=dice.getrandbits(128))) for _ in range(12)]
    newest: dict[tuple[int, str], RowWrite] = {}
    rows = []
    for version in range(1, 200):
        user = dice.choice(users)
        place = None if dice.random() < 0.2 else dice.randrange(5)
        ranking_no = dice.choice((ONE, TWO))
        row = make_row(user, place, version)
        newest[ranking_no, user] = row
        rows.append((ranking_no, row))
    # Late and repeated writes.
    rows = [pair for _, pair in sorted(enumerate(rows), key=lambda p: p[0] + dice.randrange(30))]
    while rows:
        batch, rows = rows[:15], rows[15:] if dice.random() < 0.7 else rows[5:]
        by_ranking: dict[int, dict[str, RowWrite]] = {ONE: {}, TWO: {}}
        for ranking_no, row in batch:
            by_ranking[ranking_no].setdefault(row.user_id, row)
        for ranking_no, row in batch:
            kept = by_ranking[ranking_no]
            kept[row.user_id] = max(kept[row.user_id], row, key=lambda row: row.version)
        write_rankings(
            store.redis,
            [
                make_write(number, *some.values(), is_dense=number == TWO)
                for number, some in by_ranking.items()
            ],
        )
    for number in (ONE, TWO):
        left = [row for (of, _), row in newest.items() if of == number and row.member]
        expected = sorted(left, key=lambda row: (row.member or "", row.user_id))
        assert list_users(store, number) == [row.user_id for row in expected]
        assert is_trusted(store, number, is_dense=number == TWO)
    groups = {int((row.member or "")[:16], 16) for row in left}
    assert list_groups(store, TWO) == sorted(groups)
    assert not store.redis.run(lambda client: client.exists(keys.ranking_groups(ONE)))


def test_nothing_that_happens_to_one_ranking_changes_another(store: Store) -> None:
    begin(store, ONE, 11)
    for number in (ONE, 11):
        write_rankings(store.redis, [make_write(number, make_row(ADA, 5), day="2026-11-26")])
    before = dump(store, 11)
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, None, 2), make_row(BOB, 1, 3))])
    rankings.distrust(store.redis, ranking_nos=[ONE])
    token = rankings.begin_rebuild(store.redis, ranking_nos=[ONE])
    rankings.finish_rebuild(store.redis, ranking_nos=[ONE], token=token)
    rankings.forget(store.redis, ranking_nos=[ONE])
    assert dump(store, ONE) == {}
    assert dump(store, 11) == before
    assert is_trusted(store, 11)


def test_a_ranking_is_untrusted_until_all_of_it_was_written_in_this_run(store: Store) -> None:
    writes = [make_write(ONE, make_row(ADA, 1)), make_write(TWO, make_row(ADA, 1))]
    assert write_rankings(store.redis, writes) == [ONE, TWO]
    assert not is_trusted(store, ONE)
    token = rankings.begin_rebuild(store.redis, ranking_nos=[ONE, TWO])
    assert write_rankings(store.redis, writes) == [], "they are being rebuilt"
    assert not is_trusted(store, ONE)
    other = rankings.begin_rebuild(store.redis, ranking_nos=[TWO])
    both = [ONE, TWO]
    assert rankings.continue_rebuild(store.redis, ranking_nos=both, token=token) == {ONE}
    assert rankings.finish_rebuild(store.redis, ranking_nos=both, token=token) == {ONE}
    assert rankings.continue_rebuild(store.redis, ranking_nos=both, token=other) == {TWO}
    assert is_trusted(store, ONE)
    # A restart keeps the data and not the run.
    store.redis.run(lambda client: client.hset(keys.ranking_rows(ONE), "#", "the run before"))
    assert not is_trusted(store, ONE)
    assert write_rankings(store.redis, [make_write(ONE, make_row(BOB, 1))]) == [ONE]


def lose(store: Store, key: str, *, replace: bool) -> None:
    """Delete a key, or put one of another type in its place."""
    store.redis.run(lambda client: client.set(key, "x") if replace else client.delete(key))


@pytest.mark.parametrize("lost", [keys.ranking, keys.ranking_rows, keys.ranking_groups])
@pytest.mark.parametrize("replace", [False, True])
def test_a_lost_part_costs_the_trust_before_and_after_a_write(
    store: Store, lost: Any, replace: bool
) -> None:
    begin(store, ONE, TWO)
    writes = [make_write(n, make_row(ADA, 1), make_row(BOB, 2), is_dense=True) for n in (ONE, TWO)]
    assert write_rankings(store.redis, writes) == []
    for number in (ONE, TWO):
        assert is_trusted(store, number, is_dense=True)
        lose(store, lost(number), replace=replace)
    assert not is_trusted(store, ONE, is_dense=True)
    write_rankings(store.redis, [make_write(TWO, make_row(EVE, 3, 9), is_dense=True)])
    assert not is_trusted(store, TWO, is_dense=True)
    token = rankings.begin_rebuild(store.redis, ranking_nos=[ONE, TWO])
    write_rankings(store.redis, writes)
    rankings.finish_rebuild(store.redis, ranking_nos=[ONE, TWO], token=token)
    assert is_trusted(store, ONE, is_dense=True)
    assert list_groups(store, TWO) == [1, 2]


def test_a_write_of_very_many_rows_is_made_in_parts(store: Store) -> None:
    begin(store, ONE, TWO, 3)
    rows = [make_row(str(UUID(int=n + 1)), n) for n in range(MAX_ROWS + 5)]
    writes = [make_write(ONE, *rows[:7]), make_write(TWO, *rows), make_write(3, rows[0])]
    assert write_rankings(store.redis, writes) == []
    assert list_users(store, ONE) == [row.user_id for row in rows[:7]]
    assert list_users(store, TWO) == [row.user_id for row in rows]
    assert list_users(store, 3) == [rows[0].user_id]
    assert write_rankings(store.redis, []) == []
    assert write_rankings(store.redis, [make_write(ONE)]) == []


def test_the_comparison_finds_members_that_the_hash_does_not_have(store: Store) -> None:
    begin(store, ONE)
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 1), make_row(BOB, 2))])
    stale = f"{make_row(ADA, 9).member}:{ADA}"
    unknown = f"{make_row(EVE, 9).member}:{EVE}"
    store.redis.run(lambda client: client.zadd(keys.ranking(ONE), {stale: 0, unknown: 0}))
    found: set[str] = set()
    for members in iterate_members(store.redis, ranking_no=ONE):
        found.update(find_stale_members(store.redis, ranking_no=ONE, members=members))
    assert found == {stale, unknown}


def list_day(store: Store, kinds: Iterable[str]) -> list[str]:
    members: list[str] = store.redis.run(lambda client: client.zrange(keys.ranking_day(ONE), 0, -1))
    return [member for member in members if member[0] in kinds]


def test_the_day_keeps_who_moved_and_from_where(store: Store) -> None:
    begin(store, ONE)
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 5), day="2026-11-25")])
    assert list_day(store, "!bn") == ["!2026-11-25?"], "its start is not known"
    write_rankings(store.redis, [make_write(ONE, make_row(BOB, 6), day="2026-11-26")])
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 4, 2), day="2026-11-26")])
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 3, 3), day="2026-11-26")])
    member = {place: f"{make_row(ADA, place).member}:{ADA}" for place in (3, 5)}
    bob = f"{make_row(BOB, 6).member}:{BOB}"
    assert list_day(store, "!bn") == [
        "!2026-11-26+", f"b{member[5]}", f"n{member[3]}", f"n{bob}"
    ]  # fmt: skip
    # A late write of the day before is one of this day.
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 2, 4), day="2026-11-25")])
    member[3] = f"{make_row(ADA, 2).member}:{ADA}"
    assert list_day(store, "n") == [f"n{member[3]}", f"n{bob}"]
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, None, 5), day="2026-11-26")])
    assert list_day(store, "!bn") == ["!2026-11-26+", f"b{member[5]}", f"n{bob}"]
    write_rankings(store.redis, [make_write(ONE, make_row(ADA, 2, 6), day="2026-11-26")])
    assert list_day(store, "!bn") == ["!2026-11-26+", f"b{member[5]}", f"n{member[3]}", f"n{bob}"]
    write_rankings(store.redis, [make_write(ONE, make_row(BOB, 6, 7), day="2026-11-27")])
    assert list_day(store, "!bn") == ["!2026-11-27+"], "nobody has moved on that day"
    rankings.distrust(store.redis, ranking_nos=[ONE])
    write_rankings(store.redis, [make_write(ONE, make_row(BOB, 1, 8), day="2026-11-27")])
    assert list_day(store, "!bn") == ["!2026-11-27?"]
