"""Verification of boards: rows that are not what the ledger gives are named, and those of Redis."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.rankings.sets.rebuild import list_untrusted, rebuild_rankings
from domain.settings import Settings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.model import Invariant
from domain.verification.rankings import check_rankings
from tests.rankings import make_board
from tests.verification import change, find_broken, make_history
from workers.context import WorkerContext

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def ranking_no(store: Store, worker_context: WorkerContext) -> int:
    """The ranking of a board on which Ada and Bob are, in SQL and in Redis."""
    make_board(store, "all-time")
    make_board(store, "daily", period={"kind": "daily"})
    make_history(worker_context)
    rebuild_sets(store)
    with store.write() as connection:
        return int(
            connection.execute(
                text("SELECT ranking_no FROM rankings WHERE period_key = 'all'")
            ).scalar_one()
        )


def rebuild_sets(store: Store) -> None:
    with store.write() as connection:
        versions = list_counted_versions(connection)
    untrusted = list_untrusted(store, versions=versions, now=datetime.now(UTC))
    assert rebuild_rankings(store, untrusted) == len(untrusted)


def find(store: Store, settings: Settings) -> tuple[str, ...]:
    return find_broken(store, settings).get(Invariant.RANKINGS, ())


def test_boards_after_work_are_sound(store: Store, settings: Settings, ranking_no: int) -> None:
    assert find_broken(store, settings) == {}


def test_without_boards_it_is_one_statement(store: Store, settings: Settings) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        assert list(check_rankings(store, archive_path=settings.archive_path, limit=9)) == []
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    assert len(sent) == 1


def test_a_row_that_is_not_what_the_ledger_gives_is_named(
    store: Store, settings: Settings, ranking_no: int
) -> None:
    change(
        store,
        "UPDATE ranking_rows SET value = 7 WHERE ranking_no = :number AND value > 0",
        number=ranking_no,
    )
    (sentence,) = find(store, settings)
    assert sentence.startswith("board all-time, player ")
    assert "the ledger gives [220," in sentence


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("lose the row", "is not in Redis"),
        ("lose the member", "is misplaced in Redis"),
        ("misplace", "is misplaced in Redis"),
        ("be behind", "in Redis and is at"),
        ("stranger", "is in Redis and has no row"),
        ("lose trust", "is not trusted: it was lost and has not been rebuilt"),
    ],
)
def test_what_redis_has_otherwise_is_named(
    store: Store, settings: Settings, ranking_no: int, damage: str, complaint: str
) -> None:
    rows_key, set_key = keys.ranking_rows(ranking_no), keys.ranking(ranking_no)
    rows: dict[str, str] = store.redis.run(lambda client: client.hgetall(rows_key))
    user, row = next((user, row) for user, row in rows.items() if user != "#")
    version, key, *rest = row.split("|")
    member, other = f"{key}:{user}", f"{'0' * 32}:{user}"
    stranger = "0" * 8 + user[8:]

    def spoil(client: object) -> None:
        hset, hdel = client.hset, client.hdel  # type: ignore[attr-defined]
        zadd, zrem = client.zadd, client.zrem  # type: ignore[attr-defined]
        if damage == "lose the row":
            hdel(rows_key, user)
            zrem(set_key, member)
        elif damage in ("lose the member", "misplace"):
            zrem(set_key, member)
            zadd(set_key, {other: 0})
            if damage == "misplace":
                hset(rows_key, user, "|".join([version, "0" * 32, *rest]))
        elif damage == "be behind":
            hset(rows_key, user, "|".join(["0", key, *rest]))
        elif damage == "stranger":
            zadd(set_key, {f"{'0' * 32}:{stranger}": 0})
            hset(rows_key, stranger, "|".join(["1", "0" * 32, *rest]))
        else:
            hdel(rows_key, "#")

    store.redis.run(spoil)
    (sentence,) = find(store, settings)
    assert sentence.startswith(f"ranking {ranking_no} of board all-time")
    assert sentence.endswith(complaint) or complaint in sentence
