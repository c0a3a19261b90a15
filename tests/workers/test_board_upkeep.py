"""The keeper's upkeep of boards: new and changed boards go live, and lost ones come back."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, text

from domain.boards.model import BoardId
from domain.errors import DatabaseLockedError, DatabaseUnavailableError, RedisUnavailableError
from domain.rankings.administration.boards import (
    change_board,
    create_board,
    delete_board,
    get_board,
    list_boards,
)
from domain.rankings.ledger import reading
from domain.rankings.ledger.building import BuildStep
from domain.rankings.model import BoardVersion
from domain.rankings.sets.compare import compare_rankings
from domain.rankings.sets.rebuild import list_untrusted
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.ledger.building import BuildProgress
from domain.store.redis.rankings import list_trusted
from domain.store.store import Store
from tests.built_boards import (
    expect_rows,
    find_zone_at_noon,
    make_ledger,
    read_ledger,
    read_ranking_rows,
)
from tests.factories import Player, make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.waiting import run_in_threads
from workers.context import WorkerContext
from workers.upkeep import boards as board_upkeep
from workers.upkeep.boards import BoardUpkeep

NOW = datetime.now(UTC)
BOARD = BoardId("by-day")
BY_DAY = {"id": "by-day", "period": {"kind": "daily"}, "timeZone": find_zone_at_noon()}


@pytest.fixture
def upkeep(worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch) -> BoardUpkeep:
    """An upkeep that waits for no reader."""
    monkeypatch.setattr(board_upkeep, "READERS_SECONDS", 0.0)
    return BoardUpkeep(worker_context, lambda: True)


@pytest.fixture
def players(store: Store) -> list[Player]:
    return make_ledger(store, players=9, actions=60, since=NOW - timedelta(days=2), until=NOW)


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """What is sent to PostgreSQL."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    event.remove(store.engine, "before_cursor_execute", note)


def list_versions(store: Store) -> list[BoardVersion]:
    with store.write() as connection:
        return list_counted_versions(connection)


def list_lost(store: Store) -> list[int]:
    lost = list_untrusted(store, versions=list_versions(store), now=datetime.now(UTC))
    return [ranking.ranking_no for ranking in lost]


def test_a_new_board_is_live_after_one_round_with_the_whole_ledger(
    store: Store, upkeep: BoardUpkeep, players: list[Player]
) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    assert get_board(store, board=BOARD).state == "live"
    (version,) = list_versions(store)
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store)) != {}
    assert list_lost(store) == []


def test_a_board_without_players_is_live_after_one_round(store: Store, upkeep: BoardUpkeep) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    assert get_board(store, board=BOARD).state == "live"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(),
        DatabaseLockedError(sqlstate="55P03"),
        DatabaseUnavailableError(sqlstate="57014"),
    ],
)
def test_a_build_that_fails_does_not_keep_the_next_one_waiting(
    store: Store,
    upkeep: BoardUpkeep,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    create_board(store, document=BY_DAY)
    create_board(store, document={"id": "next"})
    build = board_upkeep.build_version

    def fail_first(store: Store, *, progress: BuildProgress, **options: Any) -> BuildStep:
        if progress.version.definition.id == BOARD:
            raise error
        return build(store, progress=progress, **options)

    monkeypatch.setattr(board_upkeep, "build_version", fail_first)
    upkeep.run_due()
    assert get_board(store, board=BOARD).state == "building"
    assert get_board(store, board=BoardId("next")).state == "live"


def test_builds_share_the_time_of_a_round_and_take_turns(
    store: Store, upkeep: BoardUpkeep, players: list[Player], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    store.redis.run(lambda client: client.flushdb())
    for slug in ("a", "b", "c"):
        create_board(store, document={"id": slug})
    now = 1000.0
    monkeypatch.setattr(board_upkeep, "time", SimpleNamespace(monotonic=lambda: now))
    built: list[str] = []

    def take_a_whole_round(_: Store, *, progress: BuildProgress, **options: Any) -> BuildStep:
        nonlocal now
        assert options["go_on"]()
        now += board_upkeep.BUILD_SECONDS
        assert not options["go_on"]()
        built.append(str(progress.version.definition.id))
        return BuildStep.STOPPED

    monkeypatch.setattr(board_upkeep, "build_version", take_a_whole_round)
    assert list_lost(store) != []
    upkeep.run_due()
    assert (list_lost(store), built) == ([], ["a"])
    for _ in range(3):
        upkeep.run_due()
    assert built == ["a", "b", "c", "a"]


def test_a_change_is_switched_to_when_it_is_whole(
    store: Store, upkeep: BoardUpkeep, players: list[Player], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 2)
    monkeypatch.setattr(board_upkeep, "BUILD_SECONDS", 0.0)
    change_board(store, board=BOARD, patch={"aggregate": "count"}, revisions=None, rescore=True)
    upkeep.run_due()
    shown = get_board(store, board=BOARD)
    assert shown.live is not None
    assert (shown.live.version, shown.progress) == (1, 0.0)
    monkeypatch.setattr(board_upkeep, "BUILD_SECONDS", 5.0)
    upkeep.run_due()
    (version,) = list_versions(store)
    assert version.version == 2
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store))
    assert list_lost(store) == []
    with store.write() as connection:
        assert connection.execute(
            text("SELECT DISTINCT version_no FROM rankings")
        ).scalars().all() == [version.number]


def test_what_is_replaced_stays_as_long_as_someone_may_read_it(
    store: Store, upkeep: BoardUpkeep, players: list[Player], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_upkeep, "READERS_SECONDS", 3600.0)
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    (before,) = list_versions(store)
    with store.write() as connection:
        numbers = connection.execute(text("SELECT ranking_no FROM rankings")).scalars()
        sets = dict.fromkeys(numbers, False)
    sets = dict.fromkeys(list_trusted(store.redis, rankings=sets), False)
    assert sets
    change_board(store, board=BOARD, patch={"aggregate": "count"}, revisions=None, rescore=True)
    upkeep.run_due()
    upkeep.run_due()
    (version,) = list_versions(store)
    assert version.version == 2
    assert read_ranking_rows(store, before) == expect_rows(before, *read_ledger(store)) != {}
    assert list_trusted(store.redis, rankings=sets) == sets.keys()


def test_a_deleted_board_goes_with_its_rows(
    store: Store, upkeep: BoardUpkeep, players: list[Player]
) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    delete_board(store, board=BOARD, revisions=None, archive=False)
    upkeep.run_due()
    assert [str(stored.board) for stored in list_boards(store)] == ["global"]
    with store.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM ranking_rows")).scalar_one() == 0
    assert store.redis.run(lambda client: client.keys("*ranking*")) == []


def test_lost_sets_come_back_in_the_next_round(
    store: Store, upkeep: BoardUpkeep, players: list[Player]
) -> None:
    create_board(store, document=BY_DAY)
    upkeep.run_due()
    store.redis.run(lambda client: client.flushdb())
    assert list_lost(store) != []
    upkeep.run_due()
    assert list_lost(store) == []


def test_without_redis_a_board_goes_live_all_the_same(
    store: Store, upkeep: BoardUpkeep, players: list[Player], monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(*_: object, **__: object) -> object:
        raise RedisUnavailableError

    create_board(store, document=BY_DAY)
    with monkeypatch.context() as patch:
        patch.setattr(board_upkeep, "list_untrusted", be_away)
        upkeep.run_due()
    assert get_board(store, board=BOARD).state == "live"
    assert list_lost(store) != []
    upkeep.run_due()
    assert list_lost(store) == []


def test_without_boards_a_round_is_one_statement(
    store: Store, upkeep: BoardUpkeep, statements: list[str]
) -> None:
    upkeep.run_due()
    statements.clear()
    upkeep.run_due()
    assert len(statements) == 1


def test_a_keeper_that_does_not_lead_does_nothing(
    store: Store, worker_context: WorkerContext, statements: list[str]
) -> None:
    BoardUpkeep(worker_context, lambda: False).run_due()
    assert statements == []


def test_what_is_scored_during_a_build_counts_once(
    store: Store,
    worker_context: WorkerContext,
    upkeep: BoardUpkeep,
    players: list[Player],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 1)
    make_board(store, "sum")
    create_board(store, document={**BY_DAY, "tieBreakers": [{"value": "metadata.points"}]})
    scoring = iter([True, True, False])
    lock = threading.Lock()

    def work() -> None:
        with lock:
            scores = next(scoring)
        if not scores:
            upkeep.run_due()
            return
        for _ in range(12):
            complete_actions(
                worker_context,
                [
                    make_action(user_id=player.user_id, score=3, metadata='{"points":2}')
                    for player in players
                ],
            )

    run_in_threads(work, count=3)
    upkeep.run_due()
    assert get_board(store, board=BOARD).state == "live"
    version = next(each for each in list_versions(store) if each.definition.id == BOARD)
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store))


def test_a_round_goes_on_until_told_to_stop(
    store: Store,
    worker_context: WorkerContext,
    players: list[Player],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 2)
    create_board(store, document=BY_DAY)
    BoardUpkeep(worker_context, answer(True, True, False)).run_due()
    stored = get_board(store, board=BOARD)
    assert (stored.state, stored.progress) == ("building", 2 / 9)


def test_the_sets_of_a_build_of_many_rounds_are_whole_when_it_is_live(
    store: Store,
    worker_context: WorkerContext,
    upkeep: BoardUpkeep,
    players: list[Player],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = board_upkeep.build_version
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 2)
    monkeypatch.setattr(
        board_upkeep,
        "build_version",
        lambda *store, go_on, **build_of: build(*store, go_on=answer(True, False), **build_of),
    )
    create_board(store, document={"id": BOARD.slug, "ties": "dense"})
    rounds = 0
    while get_board(store, board=BOARD).state != "live":
        upkeep.run_due()
        complete_actions(worker_context, [make_action(user_id=players[rounds].user_id, score=3)])
        rounds += 1
    assert rounds == 6
    assert list_lost(store) == []
    found = compare_rankings(store, versions=list_versions(store), now=datetime.now(UTC))
    assert (found.rows, found.repaired, found.unsound) == (len(players), 0, ())


def answer(*answers: bool) -> Callable[[], bool]:
    """Return a function that gives these answers, and then the last one for ever."""
    left = iter(answers)
    return lambda: next(left, answers[-1])
