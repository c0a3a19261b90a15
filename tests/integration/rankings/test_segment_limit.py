"""Players cannot make rankings without end: what is left out is left out everywhere, for good."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from orjson import dumps
from sqlalchemy import text

from domain.actions.model import NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.rankings.history.reading import read_history
from domain.rankings.ledger.as_of import replay_until
from domain.rankings.ledger.building import build_version, list_builds, make_live
from domain.rankings.ledger.replaying import replay
from domain.rankings.model import RankingKey, VersionState
from domain.rankings.sets.rebuild import list_untrusted, rebuild_rankings
from domain.settings import Settings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.numbers import KnownRanking, make_rankings
from domain.store.store import Connection, Store
from tests.built_boards import make_version
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import list_rows, make_board
from tests.verification import find_broken
from tests.waiting import wait_until
from workers.context import WorkerContext

BY_TEAM: dict[str, Any] = {"segment": "metadata.team"}
YEARLY: dict[str, Any] = {**BY_TEAM, "period": {"kind": "yearly"}, "aggregate": "best"}
ROLLING: dict[str, Any] = {**BY_TEAM, "period": {"kind": "rolling", "window": "24h"}}


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.store.postgres.rankings.numbers.MAX_SEGMENTS", 3)
    monkeypatch.setattr("domain.verification.rankings.PROMISED_SECONDS", 0.2)


def act(user_id: UUID, team: str, score: int = 1) -> NewAction:
    metadata = dumps({"team": team}).decode()
    return make_action(user_id=user_id, score=score, metadata=metadata)


def list_segments(store: Store, version_no: int) -> set[str]:
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT segment FROM rankings WHERE version_no = :number"), {"number": version_no}
        )
        return set(rows.scalars())


def list_answers(store: Store) -> list[tuple[str, dict[str, str]]]:
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT metadata ->> 'team', uncounted FROM user_actions"
                " WHERE uncounted IS NOT NULL ORDER BY action_no"
            )
        )
        return [tuple(row) for row in rows]


def expect_sound(store: Store, settings: Settings) -> None:
    """Everything is what the ledger gives: as compared, as made again, and as of this moment."""
    with store.write() as connection:
        versions = list_counted_versions(connection)
    rebuild_board(store, board=GLOBAL_BOARD)
    live = [version for version in versions if version.state is VersionState.LIVE]
    rebuild_rankings(store, list_untrusted(store, versions=live, now=datetime.now(UTC)))
    assert find_broken(store, settings) == {}
    compared = {each.name: each for each in replay(store, archive_path=settings.archive_path)}
    assert [each.differences for each in compared.values() if not each.is_equal] == []
    moment = datetime.now(UTC) + timedelta(seconds=1)
    for made in replay_until(store, archive_path=settings.archive_path, until=moment):
        assert made.rows.rows == compared[made.name].stored.rows > 0


def test_beyond_the_limit_an_action_is_told_and_counts_elsewhere(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "total")
    number = make_board(store, "by-team", **BY_TEAM)
    make_board(store, "silent", **BY_TEAM, readers="admins")
    ann = uuid4()
    complete_actions(worker_context, [act(ann, "a"), act(ann, "b")])
    # Two more, of which one has room.
    complete_actions(worker_context, [act(ann, "d", 5), act(ann, "c", 5), act(ann, "a")])
    complete_actions(worker_context, [act(ann, "d", 6), act(ann, "c", 2)])
    complete_actions(worker_context, [act(ann, "e", 7)])
    assert list_segments(store, number) == {"a", "b", "c"}
    assert [(segment, value) for _, segment, _, value in list_rows(store, "by-team")] == [
        ("a", 2),
        ("b", 1),
        ("c", 7),
    ]
    ((*_, total),) = list_rows(store, "total")
    assert total == 28
    assert list_answers(store) == [(team, {"by-team": "SEGMENT_LIMIT"}) for team in ("d", "d", "e")]


def test_what_follows_an_attribute_has_no_limit(worker_context: WorkerContext) -> None:
    store = worker_context.store
    wanted = [RankingKey(make_board(store, "by-country", segment="player.country"), "all", "")]
    wanted = [wanted[0]._replace(segment=str(number)) for number in range(5)]
    with store.write() as connection:
        assert len(make_rankings(connection, wanted=dict.fromkeys(wanted, (None, None)))) == 5


def test_after_an_attack_everything_is_what_the_ledger_gives(
    store: Store, settings: Settings, worker_context: WorkerContext
) -> None:
    boards = {"by-team": BY_TEAM, "yearly": YEARLY, "rolling": ROLLING}
    numbers = [make_board(store, slug, **fields) for slug, fields in boards.items()]
    players = [uuid4() for _ in range(3)]
    for turn in range(4):
        complete_actions(
            worker_context,
            [act(player, f"t{turn * (place + 1)}", turn) for place, player in enumerate(players)],
        )
    for number in numbers:
        assert len(list_segments(store, number)) == 3
    assert list_answers(store) != []
    expect_sound(store, settings)
    versions = [make_version(store, {"id": slug, **fields}) for slug, fields in boards.items()]
    with store.write() as connection:
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    # Counted by scoring before they are built, too.
    complete_actions(worker_context, [act(uuid4(), "t9"), act(uuid4(), "t8"), act(uuid4(), "t2")])
    for progress in list_builds(store):
        build_version(store, progress=progress, archive_path=settings.archive_path)
    for version in versions:
        assert make_live(store, version=version)
        assert len(list_segments(store, version.number)) == 3
    complete_actions(worker_context, [act(players[0], "t7"), act(players[1], "t2")])
    expect_sound(store, settings)


@pytest.mark.parametrize("fields", [BY_TEAM, YEARLY, ROLLING], ids=["all", "yearly", "rolling"])
def test_a_segment_that_was_left_out_has_no_history(
    store: Store, worker_context: WorkerContext, fields: dict[str, Any]
) -> None:
    make_board(store, "by-team", **fields)
    ann = uuid4()
    for team in ("a", "b", "c", "d"):
        complete_actions(worker_context, [act(ann, team)])
    with store.write() as connection:
        (version,) = list_counted_versions(connection)
    moment = [datetime.now(UTC) + timedelta(microseconds=1)]
    # Later, so that the player is folded, and not only looked up.
    complete_actions(worker_context, [act(ann, "c"), act(ann, "d")])
    ranks = {}
    for team in ("c", "d"):
        (standing,) = read_history(
            store, version=version, user_id=ann, segment=team, moments=moment
        )
        ranks[team] = standing.rank, standing.total
    assert ranks == {"c": (1, 1), "d": (None, 0)}


def make(connection: Connection, number: int, *segments: str) -> dict[RankingKey, KnownRanking]:
    wanted = {RankingKey(number, "all", segment): (None, None) for segment in segments}
    return make_rankings(connection, wanted=wanted, bounded=[number])


def segments_of(made: Iterable[RankingKey]) -> set[str]:
    return {key.segment for key in made}


def is_waiting(store: Store) -> bool:
    statement = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
    )
    with store.write() as connection:
        return bool(connection.execute(text(statement)).scalar_one())


@pytest.mark.parametrize(
    ("existing", "wanted", "expected"),
    [("ab", "c", "c"), ("ab", "d", ""), ("ab", "cd", "c"), ("a", "cd", "cd"), ("a", "bcd", "bc")],
)
def test_the_last_room_goes_to_one_of_two_transactions(
    store: Store, existing: str, wanted: str, expected: str
) -> None:
    number = make_board(store, "by-team", **BY_TEAM)
    with store.write() as connection:
        make(connection, number, *existing)

    def make_later() -> set[str]:
        with store.write() as connection:
            return segments_of(make(connection, number, *wanted))

    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            assert segments_of(make(connection, number, "c")) == {"c"}
            later = pool.submit(make_later)
            wait_until(lambda: is_waiting(store))
        assert later.result() == set(expected)
    assert list_segments(store, number) == {*existing, *expected, "c"}


def test_a_full_place_takes_no_lock(store: Store) -> None:
    number = make_board(store, "by-team", **BY_TEAM)
    with store.write() as connection:
        make(connection, number, "a", "b", "c")
    with store.write() as first, store.write() as second:
        assert segments_of(make(first, number, "a", "d")) == {"a"}
        assert segments_of(make(second, number, "b", "d")) == {"b"}
