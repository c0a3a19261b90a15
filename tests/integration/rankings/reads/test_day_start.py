"""The rank at the start of the day is the one of then, whatever has moved since."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.rankings.reads.pages import read_page
from domain.rankings.reads.reader import find_neighborhood
from domain.rankings.reads.standings import ReadRanking
from domain.store.redis.rankings import RowWrite, write_rankings
from domain.store.store import Store
from tests.integration.rankings.reads.ranked import AT, make_ranking, make_write, put_all

PLAYERS = 40
DAYS = [(AT + timedelta(days=number)).date().isoformat() for number in range(4)]


def list_now(store: Store, ranking: ReadRanking) -> dict[UUID, int]:
    page = read_page(store, ranking=ranking, after=None, limit=1000)
    return {standing.user_id: standing.rank for standing in page.standings}


def list_then(store: Store, ranking: ReadRanking, day: int) -> dict[UUID, int | None]:
    return {
        user: find_neighborhood(
            store,
            ranking=ranking,
            user_id=user,
            neighbors=0,
            top_size=0,
            now=AT + timedelta(days=day),
        ).rank_at_day_start
        for user in list_now(store, ranking)
    }


@pytest.mark.parametrize("ties", ["firstToReach", "competition", "dense"])
@pytest.mark.parametrize("seed", range(3))
def test_every_player_s_rank_of_then_is_kept(store: Store, ties: str, seed: int) -> None:
    ranking = make_ranking(store, ties=ties)
    dice = random.Random(seed)
    users = [UUID(int=dice.getrandbits(128)) for _ in range(PLAYERS)]
    seq = 0

    def play(day: int, count: int) -> None:
        nonlocal seq
        for _ in range(count):
            seq += 10
            moved = dice.sample(users, 5)
            rows = [(user, [dice.randrange(8)], seq + at) for at, user in enumerate(moved)]
            put_all(store, ranking, rows, day=DAYS[day])
            if dice.random() < 0.5:
                gone = dice.choice(users)
                row = RowWrite(str(gone), None, seq + 9, 1)
                write_rankings(store.redis, [make_write(ranking, [row], DAYS[day])])
                with store.write() as connection:
                    connection.execute(
                        text("DELETE FROM ranking_rows WHERE user_id = :user"), {"user": gone}
                    )

    play(0, 10)
    assert set(list_then(store, ranking, 0).values()) == {None}
    for day in (1, 2):
        start = list_now(store, ranking)
        assert list_then(store, ranking, day) == start, "nobody has moved"
        play(day, 6)
        then = list_then(store, ranking, day)
        assert then == {user: start.get(user) for user in then}
    # A day on which nobody plays begins as the one before has ended.
    assert list_then(store, ranking, 3) == list_now(store, ranking)
