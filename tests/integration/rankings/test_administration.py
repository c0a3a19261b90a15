"""Boards made, changed and removed: what becomes of their versions, and what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.errors import (
    BoardExistsError,
    BoardFixedError,
    BoardSealedError,
    InvalidPayloadError,
    NotFoundError,
    PreconditionFailedError,
    RescoreNeededError,
)
from domain.rankings.administration.boards import (
    change_board,
    create_board,
    delete_board,
    get_board,
    list_boards,
)
from domain.rankings.administration.removal import remove_deleted_boards
from domain.rankings.model import Lifecycle
from domain.store.postgres import tables
from domain.store.postgres.rankings.catalog import SHARED_CATALOG_LOCK, read_catalog
from domain.store.postgres.rankings.stored_boards import StoredBoard
from domain.store.store import Store
from tests.factories import make_player

RUN = BoardId("run")
NOVEMBER = {"kind": "season", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}


def make(store: Store, *, is_built: bool = True, **fields: Any) -> StoredBoard:
    """Store the board `run`, with its first version as if it had been built."""
    create_board(store, document={"id": "run", **fields})
    if is_built:
        build(store)
    return get_board(store, board=RUN)


def build(store: Store) -> None:
    """Let the version that is being built be the live one."""
    with store.write() as connection:
        statements = (
            "UPDATE board_versions SET state = 'retired' WHERE state = 'live'",
            "UPDATE board_versions SET state = 'live' WHERE state = 'building'",
            "UPDATE boards SET live_version_no = (SELECT max(version_no) FROM board_versions)",
        )
        for statement in statements:
            connection.execute(text(statement))


def change(store: Store, *, rescore: bool = False, **patch: Any) -> StoredBoard:
    return change_board(store, board=RUN, patch=patch, revisions=None, rescore=rescore)


def seal(store: Store, **columns: Any) -> None:
    """Store a sealed ranking of the newest version."""
    with store.write() as connection:
        connection.execute(
            insert(tables.rankings).values(
                version_no=select(tables.board_versions.c.version_no).limit(1).scalar_subquery(),
                **{"period_key": "2026-11-01", "segment": "", "revision": 1, **columns},
            )
        )


def seal_november(store: Store) -> None:
    seal(
        store,
        period_key="season",
        period_start=datetime(2026, 11, 1, tzinfo=UTC),
        period_end=datetime(2026, 12, 1, tzinfo=UTC),
    )


def list_versions(store: Store) -> list[tuple[int, str, str]]:
    """Return number, state and tie rule of every version."""
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT version, state, definition ->> 'ties' FROM board_versions ORDER BY 1")
        )
        return [(row[0], row[1], row[2]) for row in rows]


def read_revision(store: Store) -> int:
    with store.write() as connection:
        return read_catalog(connection)[0]


def test_a_new_board_is_building_and_counts_at_once(store: Store) -> None:
    before = read_revision(store)
    made = create_board(store, document={"id": "run", "ties": "dense"})
    assert (made.state, made.progress, made.live) == ("building", 0.0, None)
    assert made.created_at == made.updated_at
    assert made.created_at is not None
    with store.write() as connection:
        revision, versions = read_catalog(connection)
    assert revision > before
    assert [found.definition for found in versions] == [made.shown.definition]


def test_a_board_exists_once_even_when_it_is_made_twice_at_once(store: Store) -> None:
    def attempt(_: int) -> bool:
        try:
            create_board(store, document={"id": "run"})
        except BoardExistsError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]
    assert len(list_versions(store)) == 1


def test_the_fixed_board_is_listed_first_and_refuses_everything(store: Store) -> None:
    make(store)
    assert [found.board for found in list_boards(store)] == [GLOBAL_BOARD, RUN]
    assert get_board(store, board=GLOBAL_BOARD).state == "live"
    attempts: list[Callable[[], object]] = [
        lambda: create_board(store, document={"id": "global"}),
        lambda: change_board(
            store, board=GLOBAL_BOARD, patch={"title": "x"}, revisions=None, rescore=True
        ),
        lambda: delete_board(store, board=GLOBAL_BOARD, revisions=None, archive=True),
    ]
    for attempt in attempts:
        with pytest.raises(BoardFixedError):
            attempt()


def test_what_no_row_depends_on_is_changed_in_place(store: Store) -> None:
    made = make(store, period=NOVEMBER)
    before = read_revision(store)
    patch: dict[str, Any] = {
        "title": "Run",
        "readers": "players",
        "keepPeriods": 3,
        "rewards": [{"ranks": [1, 1], "reward": "gold"}],
    }
    changed = change(store, **patch)
    assert changed.revision == made.revision + 1
    assert read_revision(store) > before
    assert changed.shown.number == made.shown.number
    assert (changed.shown.definition.title, changed.shown.definition.keep_periods) == ("Run", 3)
    assert list_versions(store) == [(1, "live", "firstToReach")]


def test_a_change_that_changes_nothing_leaves_the_revision(store: Store) -> None:
    made = make(store, title="Run")
    before = read_revision(store)
    assert change(store, title="Run", ties=None) == made
    assert read_revision(store) == before


def test_any_other_change_names_its_fields_and_is_made_only_with_a_rescore(store: Store) -> None:
    made = make(store)
    with pytest.raises(RescoreNeededError) as refused:
        change(store, ties="dense", decimals=2, title="Run")
    assert refused.value.details is not None
    assert refused.value.details["fields"].keys() == {"ties", "decimals"}
    assert get_board(store, board=RUN) == made
    changed = change(store, rescore=True, ties="dense", decimals=2, title="Run")
    assert changed.live == made.live
    assert changed.building is not None
    assert (changed.building.version, changed.building.definition.decimals) == (2, 2)
    assert list_versions(store) == [(1, "live", "firstToReach"), (2, "building", "dense")]


def test_a_second_change_replaces_the_version_that_is_being_built(store: Store) -> None:
    make(store)
    change(store, rescore=True, ties="dense")
    changed = change(store, rescore=True, decimals=1)
    assert changed.building is not None
    # It is a change of what the board was to be.
    assert changed.building.definition.ties.value == "dense"
    assert list_versions(store) == [
        (1, "live", "firstToReach"),
        (2, "retired", "dense"),
        (3, "building", "dense"),
    ]


def test_a_title_changes_on_the_live_version_and_the_one_being_built(store: Store) -> None:
    make(store)
    change(store, rescore=True, ties="dense")
    changed = change(store, title="Run")
    assert changed.live is not None
    assert changed.building is not None
    assert changed.live.definition.title == changed.building.definition.title == "Run"
    assert list_versions(store) == [(1, "live", "firstToReach"), (2, "building", "dense")]


def test_going_back_to_the_live_version_needs_no_rescore(store: Store) -> None:
    made = make(store)
    change(store, rescore=True, ties="dense")
    changed = change(store, ties="firstToReach", title="Run")
    assert changed.building is None
    assert changed.live is not None
    assert made.live is not None
    assert (changed.live.number, changed.live.definition.title) == (made.live.number, "Run")
    assert list_versions(store) == [(1, "live", "firstToReach"), (2, "retired", "dense")]


def test_a_stale_revision_is_refused_and_nothing_is_changed(store: Store) -> None:
    made = make(store)
    change(store, title="A")
    stale = {made.revision}
    with pytest.raises(PreconditionFailedError):
        change_board(store, board=RUN, patch={"title": "B"}, revisions=stale, rescore=False)
    with pytest.raises(PreconditionFailedError):
        delete_board(store, board=RUN, revisions=stale, archive=False)
    stored = get_board(store, board=RUN)
    assert (stored.shown.definition.title, stored.state) == ("A", "live")


def test_of_two_changes_at_once_one_is_refused(store: Store) -> None:
    made = make(store)

    def attempt(title: str) -> bool:
        try:
            change_board(
                store, board=RUN, patch={"title": title}, revisions={made.revision}, rescore=False
            )
        except PreconditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ["A", "B"])) == [False, True]
    assert get_board(store, board=RUN).revision == made.revision + 1


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"id": "walk"}, "id"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"where": {"metadata.level": {"min": "x"}}}, "where.metadata.level.min"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_bad_patch_names_the_field_and_changes_nothing(
    store: Store, patch: dict[str, Any], path: str
) -> None:
    made = make(store)
    with pytest.raises(InvalidPayloadError) as refused:
        change(store, rescore=True, **patch)
    assert refused.value.details is not None
    assert path in refused.value.details["fields"]
    assert get_board(store, board=RUN) == made


@pytest.mark.parametrize(
    ("start", "end", "path"),
    [
        ("2026-11-15T00:00:00Z", "2027-01-01T00:00:00Z", "period.start"),
        ("2026-10-01T00:00:00Z", "2026-11-15T00:00:00Z", "period.end"),
        ("2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z", "period.end"),
        ("2026-11-10T00:00:00Z", "2026-11-15T00:00:00Z", "period.start"),
    ],
)
def test_a_season_does_not_overlap_a_sealed_one(
    store: Store, start: str, end: str, path: str
) -> None:
    make(store, period=NOVEMBER)
    seal_november(store)
    with pytest.raises(InvalidPayloadError) as refused:
        change(store, rescore=True, period={"start": start, "end": end})
    assert refused.value.details is not None
    assert refused.value.details["fields"].keys() == {path}


def test_a_season_may_follow_a_sealed_one_and_other_fields_may_change(store: Store) -> None:
    make(store, period=NOVEMBER)
    seal_november(store)
    assert change(store, rescore=True, ties="dense").building is not None
    later = {"start": "2026-12-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    assert change(store, rescore=True, period=later).building is not None


def test_rewards_that_are_granted_do_not_change(store: Store) -> None:
    make(store, period=NOVEMBER)
    seal_november(store)
    with pytest.raises(InvalidPayloadError) as refused:
        change(store, rewards=[{"percent": 5, "reward": "gold"}])
    assert refused.value.details is not None
    assert refused.value.details["fields"].keys() == {"rewards"}


def test_a_deleted_board_does_not_count_and_goes_when_its_rankings_are_gone(store: Store) -> None:
    make(store)
    seal(store, revision=0)
    player = make_player(store)
    with store.write() as connection:
        connection.execute(
            insert(tables.board_members).values(board_id="run", user_id=player.user_id)
        )
    before = read_revision(store)
    delete_board(store, board=RUN, revisions=None, archive=False)
    delete_board(store, board=RUN, revisions=None, archive=False)
    assert get_board(store, board=RUN).lifecycle is Lifecycle.DELETING
    with store.write() as connection:
        revision, versions = read_catalog(connection)
    assert (revision > before, versions) == (True, ())
    with pytest.raises(BoardExistsError):
        create_board(store, document={"id": "run"})
    assert remove_deleted_boards(store, limit=1) == 0
    with store.write() as connection:
        connection.execute(text("DELETE FROM rankings"))
    last = get_board(store, board=RUN).revision
    assert remove_deleted_boards(store, limit=1) == 1
    with pytest.raises(NotFoundError):
        get_board(store, board=RUN)
    again = create_board(store, document={"id": "run"})
    # An ETag of the old board is none of the new one.
    assert (again.shown.version, again.revision > last) == (1, True)


def test_a_board_with_seals_is_only_archived_and_only_when_asked(store: Store) -> None:
    make(store)
    seal(store)
    with pytest.raises(BoardSealedError):
        delete_board(store, board=RUN, revisions=None, archive=False)
    assert get_board(store, board=RUN).state == "live"
    delete_board(store, board=RUN, revisions=None, archive=True)
    delete_board(store, board=RUN, revisions=None, archive=True)
    archived = get_board(store, board=RUN)
    assert (archived.state, archived.live is not None) == ("archived", True)
    with store.write() as connection:
        assert read_catalog(connection)[1] == ()
    assert remove_deleted_boards(store, limit=10) == 0
    with pytest.raises(BoardFixedError):
        change(store, title="x")
    with pytest.raises(BoardSealedError):
        delete_board(store, board=RUN, revisions=None, archive=False)


def test_a_board_that_was_never_built_is_archived_or_deleted_as_well(store: Store) -> None:
    make(store, is_built=False, title="Run")
    delete_board(store, board=RUN, revisions=None, archive=True)
    assert get_board(store, board=RUN).shown.definition.title == "Run"
    delete_board(store, board=RUN, revisions=None, archive=False)
    assert remove_deleted_boards(store, limit=10) == 1


@pytest.mark.parametrize("name", ["get", "change", "delete"])
def test_an_unknown_board_is_not_found(store: Store, name: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: get_board(store, board=RUN),
        "change": lambda: change(store, title="x"),
        "delete": lambda: delete_board(store, board=RUN, revisions=None, archive=False),
    }
    with pytest.raises(NotFoundError):
        calls[name]()


def test_a_change_waits_for_transactions_that_count_with_the_catalog_before(store: Store) -> None:
    make(store)
    with ThreadPoolExecutor(1) as pool, store.write() as counting:
        counting.execute(text(f"SELECT {SHARED_CATALOG_LOCK}"))
        waiting = pool.submit(change, store, title="Run")
        with store.write() as connection:
            seen = read_catalog(connection)[1][0].definition.title
        assert (waiting.done(), seen) == (False, "")
        counting.commit()
        assert waiting.result(10).shown.definition.title == "Run"


def test_a_build_tells_its_progress_and_why_it_does_not_go_on(store: Store) -> None:
    make(store, is_built=False)
    with store.write() as connection:
        connection.execute(
            update(tables.board_versions).values(
                built_players=1, total_players=4, build_error="x.json is missing"
            )
        )
    board = get_board(store, board=RUN)
    assert (board.progress, board.build_error) == (0.25, "x.json is missing")
