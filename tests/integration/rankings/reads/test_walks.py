"""A walk over pages sees the order of its first page, whoever moves meanwhile, until it expires."""

import random
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.boards.model import from_milliseconds, to_milliseconds
from domain.errors import CursorExpiredError, RedisUnavailableError
from domain.rankings.folding import sort_key
from domain.rankings.model import Tally
from domain.rankings.reads.pages import Continuation, RankingPage, read_page
from domain.rankings.reads.standings import RankingStanding, ReadRanking
from domain.store.redis import keys, ranking_reads, rankings
from domain.store.redis.client import connect_redis
from domain.store.redis.ranking_reads import WALK_ROWS
from domain.store.redis.rankings import RowWrite, write_rankings
from domain.store.store import Store
from tests.integration.rankings.reads.ranked import (
    AT,
    fill_crowd,
    make_ranking,
    make_write,
    put,
    put_all,
)
from tests.running.redis_server import RedisServer

LIMIT = 90
ANN = UUID(int=1)


@pytest.fixture(params=["firstToReach", "competition", "dense"])
def ranking(request: pytest.FixtureRequest, store: Store) -> ReadRanking:
    """A ranking of more players than a walk keeps."""
    ranking = make_ranking(store, ties=request.param)
    fill_crowd(store, ranking, WALK_ROWS + 150)
    return ranking


def read(store: Store, ranking: ReadRanking, after: Continuation | None = None) -> RankingPage:
    return read_page(store, ranking=ranking, after=after, limit=LIMIT)


def list_all(store: Store, ranking: ReadRanking) -> list[RankingStanding]:
    """Return the whole ranking as it is now, from SQL."""
    rankings.distrust(store.redis, ranking_nos=[ranking.number])
    page = read_page(store, ranking=ranking, after=None, limit=10_000)
    run_id = store.redis.run(lambda client: client.info("server"))["run_id"]
    store.redis.run(lambda client: client.hset(keys.ranking_rows(ranking.number), "#", run_id))
    return list(page.standings)


def shake(store: Store, ranking: ReadRanking, dice: random.Random, users: list[UUID]) -> None:
    """Move some players, remove one, and let one in."""
    start = store.redis.run(lambda client: client.incrby("version-of-the-test", 1000))
    moved = dice.sample(users, 30)
    values = [(user, [dice.randrange(-3, 40)], start + i) for i, user in enumerate(moved)]
    put_all(store, ranking, [*values, (uuid4(), [dice.randrange(40)], start + 500)])
    gone = RowWrite(str(dice.choice(users)), None, start + 600, 1)
    write_rankings(store.redis, [make_write(ranking, [gone])])
    with store.write() as connection:
        connection.execute(
            text("DELETE FROM ranking_rows WHERE user_id = :user_id"), {"user_id": gone.user_id}
        )


def test_a_walk_under_change_sees_the_order_of_its_first_page(
    store: Store, ranking: ReadRanking
) -> None:
    expected = list_all(store, ranking)
    users = [standing.user_id for standing in expected]
    dice = random.Random(1)
    page = read(store, ranking)
    seen = list(page.standings)
    while len(seen) < WALK_ROWS:
        assert page.total == len(expected)
        shake(store, ranking, dice, users)
        page = read(store, ranking, page.continuation)
        seen += page.standings
    assert seen == expected[:WALK_ROWS]
    # Behind it are the players who are behind its last row then, with their rank of then.
    last = seen[-1]
    now = list_all(store, ranking)
    page = read(store, ranking, page.continuation)
    at = now.index(page.standings[0])
    assert list(page.standings) == now[at : at + LIMIT]
    assert all(standing.score <= last.score for standing in page.standings)
    while page.continuation is not None:
        page = read(store, ranking, page.continuation)
    assert page.standings[-1] == now[-1]
    assert page.total == len(now)


def test_a_walk_is_finished_although_its_ranking_is_sealed_meanwhile(store: Store) -> None:
    ranking = make_ranking(store, ties="competition")
    fill_crowd(store, ranking, 3 * LIMIT)
    expected = list_all(store, ranking)
    page = read(store, ranking)
    seen = list(page.standings)
    dice = random.Random(3)
    shake(store, ranking, dice, [standing.user_id for standing in expected])
    sealed = ranking._replace(revision=1)
    while page.continuation is not None:
        page = read(store, sealed, page.continuation)
        seen += page.standings
    assert seen == expected


def list_walks(store: Store, ranking: ReadRanking) -> list[str]:
    return store.redis.run(lambda client: client.keys(f"{keys.ranking_walk(ranking.number, '*')}"))


def test_walks_are_shared_while_nothing_changes_and_bounded_while_much_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking_reads, "MAX_UNSHARED_WALKS", 3)
    monkeypatch.setattr(ranking_reads, "SHARED_WALK_MS", 60_000)
    ranking = make_ranking(store)
    fill_crowd(store, ranking, LIMIT)
    assert read(store, ranking).continuation is None
    assert list_walks(store, ranking) == [], "without a next page nothing is kept"
    put(store, ranking, uuid4(), 50, seq=1001)

    def read_walk() -> str:
        page = read(store, ranking)
        assert page.continuation is not None
        assert page.continuation.walk_id is not None
        return page.continuation.walk_id

    ids = {read_walk() for _ in range(3)}
    assert len(ids) == 1
    for seq in range(2000, 2010):
        put(store, ranking, uuid4(), 50 + seq, seq=seq)
        ids.add(read_walk())
    assert len(ids) == 3
    assert len(list_walks(store, ranking)) == 3
    monkeypatch.setattr(ranking_reads, "SHARED_WALK_MS", 0)
    ids.add(read_walk())
    assert len(ids) == 4
    for key in list_walks(store, ranking):
        assert 0 < store.redis.run(lambda c, k=key: c.ttl(k)) <= keys.WALK_TTL_SECONDS
    after = read(store, ranking).continuation
    rankings.forget(store.redis, ranking_nos=[ranking.number])
    left = store.redis.run(lambda c: c.keys(f"{keys.ranking(ranking.number)}*"))
    assert all(store.redis.run(lambda c, k=key: c.ttl(k)) > 0 for key in left)
    assert len(read(store, ranking, after).standings) > 0


def test_a_row_that_does_not_move_is_shown_with_its_new_time(store: Store) -> None:
    ranking = make_ranking(store)
    fill_crowd(store, ranking, LIMIT + 5)
    put(store, ranking, ANN, 99, seq=5000)
    first = read(store, ranking).standings[0]
    assert first.user_id == ANN
    key = sort_key(ranking.definition, Tally(99, (), 5000, True, 1))
    later = to_milliseconds(AT) + 5000
    row = RowWrite(str(ANN), key.hex(), 5001, later)
    write_rankings(store.redis, [make_write(ranking, [row])])
    assert read(store, ranking).standings[0].last_updated == from_milliseconds(later)


def test_a_walk_that_is_over_has_expired_and_without_redis_it_cannot_be_read(
    store: Store,
) -> None:
    ranking = make_ranking(store)
    fill_crowd(store, ranking, LIMIT + 5)
    after = read(store, ranking).continuation
    assert after is not None
    assert read(store, ranking, after).continuation is None
    store.redis.run(lambda c: c.set(keys.ranking_walk(ranking.number, "other"), "x"))
    for key in list_walks(store, ranking):
        store.redis.run(lambda c, k=key: c.delete(k))
    with pytest.raises(CursorExpiredError):
        read(store, ranking, after)
    # The next first page makes another one, although the old one's name is still known.
    assert read(store, ranking, read(store, ranking).continuation).standings
    store.redis._breaker.open()
    with pytest.raises(RedisUnavailableError):
        read(store, ranking, after)
    page = read(store, ranking)
    assert page.continuation is not None
    assert page.continuation.walk_id is None
    assert len(read(store, ranking, page.continuation).standings) == 5


def test_a_full_server_takes_nothing_and_is_not_read(
    store: Store, redis_server: RedisServer
) -> None:
    full = replace(store, redis=connect_redis(redis_server.url))
    ranking = make_ranking(full, ties="dense")
    fill_crowd(full, ranking, LIMIT + 5)
    expected = read(full, ranking).standings
    redis_server.command("CONFIG", "SET", "maxmemory", "1")
    row = RowWrite(str(uuid4()), "f" * 32, 5000, 1)
    other = ranking._replace(number=ranking.number + 1)
    with pytest.raises(RedisUnavailableError):
        write_rankings(
            full.redis, [make_write(one, [row], "2026-11-26") for one in (ranking, other)]
        )
    page = read(full, ranking)
    assert page.standings == expected
    assert page.continuation is not None
    assert page.continuation.walk_id is None, "SQL has answered"
    redis_server.command("CONFIG", "SET", "maxmemory", "0")
    full.redis.close()
    full = replace(store, redis=connect_redis(redis_server.url))
    assert read(full, ranking).total == LIMIT + 5
    for key in (keys.ranking_day(ranking.number), keys.ranking(other.number)):
        assert not full.redis.run(lambda client, k=key: client.exists(k)), "nothing was written"
    full.redis.close()


def keep(store: Store, ranking: ReadRanking, until: int) -> None:
    """Keep every row for the seals up to this revision, as writers do before they change it."""
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision, value,"
                "   reached_seq, sort_key, last_updated)"
                " SELECT ranking_no, user_id, :until, value, reached_seq, sort_key, last_updated"
                " FROM ranking_rows ON CONFLICT DO NOTHING"
            ),
            {"until": until},
        )


def keep_absence(store: Store, ranking: ReadRanking, user_id: UUID, until: int) -> None:
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision)"
                " VALUES (:ranking, :user_id, :until)"
            ),
            {"ranking": ranking.number, "user_id": user_id, "until": until},
        )


@pytest.mark.parametrize("ties", ["firstToReach", "competition", "dense"])
def test_each_revision_of_a_sealed_ranking_is_read_as_it_was(store: Store, ties: str) -> None:
    ranking = make_ranking(store, ties=ties)
    fill_crowd(store, ranking, LIMIT + 30)
    first = list_all(store, ranking)
    dice, users = random.Random(2), [standing.user_id for standing in first]
    newcomer, late = uuid4(), uuid4()
    keep(store, ranking, 1)
    keep_absence(store, ranking, newcomer, 1)
    put_all(
        store,
        ranking,
        [(newcomer, [5], 5000)] + [(u, [dice.randrange(9)], 6000) for u in users[:9]],
        is_in_set=False,
    )
    second = list_all(store, ranking)
    keep(store, ranking, 2)
    keep_absence(store, ranking, late, 2)
    with store.write() as connection:
        connection.execute(text("DELETE FROM ranking_rows WHERE user_id = :u"), {"u": users[50]})
    put_all(store, ranking, [(late, [9], 7000), (users[0], [-9], 7001)], is_in_set=False)
    third = list_all(store, ranking)
    for revision, expected in ((1, first), (2, second), (3, third)):
        sealed = ranking._replace(revision=revision)
        page = read(store, sealed)
        assert page.continuation is not None
        assert (page.continuation.revision, page.continuation.walk_id) == (revision, None)
        rest = read(store, sealed, page.continuation)
        assert [*page.standings, *rest.standings] == expected
        assert (page.total, rest.continuation) == (len(expected), None)
        # A cursor of another revision counts who is ahead.
        other = read(store, ranking._replace(revision=4 - revision)).continuation
        assert other is not None
        behind = read(store, sealed, other).standings
        at = expected.index(behind[0])
        assert list(behind) == expected[at:]
