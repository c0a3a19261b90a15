"""Builds: a version's rows are what the ledger says, after any interruption, archives included."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from domain.rankings.ledger import chunks, reading
from domain.rankings.ledger.building import (
    BuildStep,
    build_version,
    list_builds,
    make_live,
    remove_retired,
)
from domain.rankings.model import BoardVersion
from domain.settings import Settings
from domain.store.postgres.rankings.catalog import read_revision
from domain.store.store import Store
from tests.archives import MARCH, archive_all, drop_old_months
from tests.built_boards import (
    PER_DAY,
    expect_rows,
    find_zone_at_noon,
    make_ledger,
    make_version,
    read_ledger,
    read_ranking_rows,
    set_country,
)
from tests.factories import Player, make_player, make_stored_action

NOW = datetime.now(UTC)
ALL_TIME = {"id": "all-time", "actionTypes": []}
ROLLING = {"id": "last-week", "period": {"kind": "rolling", "window": "7d"}}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 3)


@pytest.fixture
def players(store: Store) -> list[Player]:
    return make_ledger(store, players=10, actions=150, since=NOW - timedelta(days=5), until=NOW)


def build(store: Store, folder: Path = Path("/nonexistent"), *, chunks: int = 99) -> BuildStep:
    """Build the one version that is being built, for at most so many chunks."""
    (progress,) = list_builds(store)
    left = iter(range(chunks))
    return build_version(
        store, progress=progress, archive_path=folder, go_on=lambda: next(left, None) is not None
    )


@pytest.mark.parametrize("document", [PER_DAY, ALL_TIME, ROLLING], ids=lambda each: each["id"])
def test_the_rows_are_what_the_ledger_says(
    store: Store, players: list[Player], document: dict[str, object]
) -> None:
    version = make_version(store, document)
    assert build(store) is BuildStep.BUILT
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store)) != {}


def test_a_build_that_was_stopped_goes_on_where_it_was(store: Store, players: list[Player]) -> None:
    version = make_version(store, ALL_TIME)
    assert build(store, chunks=2) is BuildStep.STOPPED
    (progress,) = list_builds(store)
    assert (progress.players, progress.total) == (6, 10)
    assert len(read_ranking_rows(store, version)) == 6
    assert build(store) is BuildStep.BUILT
    assert list_builds(store)[0].players == 10
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store))


def test_a_player_who_changes_between_the_read_and_the_lock_is_folded_again(
    store: Store, players: list[Player], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = make_version(store, PER_DAY)
    share = chunks.ChunkBuilder.write

    def act_first(builder: chunks.ChunkBuilder, connection: object, chunk: chunks.Chunk) -> None:
        # Before the first lock of a player: then another transaction could still commit.
        for player in players[:4]:
            if any(player.user_id == each.player.user_id for each in chunk.folded):
                make_stored_action(
                    store,
                    player,
                    at=datetime.now(UTC),
                    action_type="level_complete",
                    metadata={"points": 9, "seconds": 1},
                )
                set_country(store, player, "es")
        share(builder, connection, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(chunks.ChunkBuilder, "write", act_first)
    assert build(store) is BuildStep.BUILT
    rows = read_ranking_rows(store, version)
    assert rows == expect_rows(version, *read_ledger(store))
    assert {segment for _, segment, _ in rows} >= {"es"}


def test_what_scoring_has_counted_meanwhile_is_overwritten_by_the_whole_truth(
    store: Store, players: list[Player]
) -> None:
    version = make_version(store, ALL_TIME)
    assert build(store) is BuildStep.BUILT
    before = read_ranking_rows(store, version)
    with store.write() as connection:
        connection.execute(text("UPDATE ranking_rows SET value = 1, counted = 1"))
        connection.execute(text("UPDATE board_versions SET built_until = NULL"))
        old = connection.execute(text("SELECT max(version) FROM ranking_rows")).scalar_one()
    assert build(store) is BuildStep.BUILT
    assert read_ranking_rows(store, version) == before
    with store.write() as connection:
        new = connection.execute(text("SELECT min(version) FROM ranking_rows")).scalar_one()
    assert new > old


def test_a_rolling_board_gets_its_buckets(store: Store, players: list[Player]) -> None:
    version = make_version(store, ROLLING)
    for _ in range(2):
        assert build(store) is BuildStep.BUILT
        with store.write() as connection:
            connection.execute(text("UPDATE board_versions SET built_until = NULL"))
            sums = connection.execute(
                text(
                    "SELECT CAST(user_id AS text), sum(value), sum(counted), count(*)"
                    " FROM ranking_buckets GROUP BY 1"
                )
            ).all()
        rows = read_ranking_rows(store, version)
        assert {user: (value, counted) for user, value, counted, _ in sums} == {
            user: (row[0], row[4]) for (_, _, user), row in rows.items()
        }
        assert max(buckets for *_, buckets in sums) > 1


def test_periods_that_are_not_kept_are_not_built(store: Store, players: list[Player]) -> None:
    zone = find_zone_at_noon()
    version = make_version(store, {**PER_DAY, "keepPeriods": 1, "timeZone": zone})
    assert build(store) is BuildStep.BUILT
    days = {
        (NOW.astimezone(ZoneInfo(zone)) - timedelta(days=back)).date().isoformat()
        for back in range(2)
    }
    assert {period for period, _, _ in read_ranking_rows(store, version)} == days


def test_without_players_a_version_is_built_at_once(store: Store) -> None:
    make_version(store, ALL_TIME)
    assert build(store, chunks=1) is BuildStep.BUILT


def test_the_switch_retires_the_version_before_and_its_rows_go_but_for_what_is_sealed(
    store: Store, players: list[Player]
) -> None:
    first = make_version(store, {**PER_DAY, "segment": None})
    assert build(store) is BuildStep.BUILT
    assert make_live(store, version=first)
    second = make_version(store, {**PER_DAY, "aggregate": "latest", "segment": None})
    assert build(store) is BuildStep.BUILT
    sealed = min(period for period, _, _ in read_ranking_rows(store, first))
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE rankings SET revision = 1 WHERE version_no = :number AND period_key = :key"
            ),
            {"number": first.number, "key": sealed},
        )
    kept = {key: row for key, row in read_ranking_rows(store, first).items() if key[0] == sealed}
    before = read_catalog_revision(store)
    assert make_live(store, version=second)
    assert not make_live(store, version=second)
    assert read_states(store) == {first.number: "retired", second.number: "live"}
    with store.write() as connection:
        board = connection.execute(text("SELECT live_version_no, revision FROM boards")).one()
    assert tuple(board) == (second.number, 3)
    assert read_catalog_revision(store) == before + 1
    assert remove_retired(store)
    assert read_ranking_rows(store, first) == kept != {}
    assert read_ranking_rows(store, second) == expect_rows(second, *read_ledger(store))
    assert remove_retired(store) == []


def read_catalog_revision(store: Store) -> int:
    with store.write() as connection:
        return read_revision(connection)


def read_states(store: Store) -> dict[int, str]:
    with store.write() as connection:
        rows = connection.execute(text("SELECT version_no, state FROM board_versions"))
        return {row.version_no: row.state for row in rows}


def test_a_version_that_is_no_longer_wanted_stops(store: Store, players: list[Player]) -> None:
    version = make_version(store, ALL_TIME)
    (progress,) = list_builds(store)
    with store.write() as connection:
        connection.execute(text("UPDATE board_versions SET state = 'retired'"))
    step = build_version(store, progress=progress, archive_path=Path("/nonexistent"))
    assert step is BuildStep.STOPPED
    assert read_ranking_rows(store, version) == {}


@pytest.fixture
def archived(store: Store, settings: Settings) -> Iterator[BoardVersion]:
    """A version to build, whose players have actions in an archived month and in later ones."""
    players = [make_player(store) for _ in range(8)]
    for day in range(60):
        for player in players[day % 3 :: 2]:
            at = MARCH + timedelta(days=day / 2)
            make_stored_action(store, player, at=at, score_delta=day, metadata={"points": day})
    for player in players[::3]:
        make_stored_action(store, player, at=NOW, score_delta=7)
    version = make_version(
        store, {"id": "monthly", "period": {"kind": "monthly"}, "keepPeriods": 12}
    )
    yield version
    drop_old_months(store)


def test_archived_actions_count_too(
    store: Store, settings: Settings, archived: BoardVersion
) -> None:
    expected = expect_rows(archived, *read_ledger(store))
    archive_all(store, settings.archive_path, part_rows=7)
    assert len(read_ledger(store)[0]) < 10
    assert build(store, settings.archive_path, chunks=1) is BuildStep.STOPPED
    assert build(store, settings.archive_path) is BuildStep.BUILT
    assert read_ranking_rows(store, archived) == expected


def test_a_month_that_is_archived_during_the_build_is_counted_once(
    store: Store, settings: Settings, archived: BoardVersion
) -> None:
    expected = expect_rows(archived, *read_ledger(store))
    assert build(store, settings.archive_path, chunks=1) is BuildStep.STOPPED
    (progress,) = list_builds(store)
    calls = iter(range(99))

    def archive_meanwhile() -> bool:
        if next(calls) == 1:
            archive_all(store, settings.archive_path, part_rows=7)
        return True

    step = build_version(
        store, progress=progress, archive_path=settings.archive_path, go_on=archive_meanwhile
    )
    assert step is BuildStep.BUILT
    assert read_ranking_rows(store, archived) == expected


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (Path.unlink, "is missing in ARCHIVE_PATH"),
        (lambda path: path.write_bytes(b"other"), "is damaged: its checksum differs"),
    ],
)
def test_a_build_stops_at_an_archive_that_is_missing_or_damaged_and_says_which(
    store: Store,
    settings: Settings,
    archived: BoardVersion,
    damage: object,
    complaint: str,
) -> None:
    archive_all(store, settings.archive_path, part_rows=7)
    path = sorted(settings.archive_path.glob("*.ndjson.gz"))[-1]
    content = path.read_bytes()
    damage(path)  # type: ignore[operator]
    assert build(store, settings.archive_path) is BuildStep.UNREADABLE
    (progress,) = list_builds(store)
    assert progress.error == f"{path.name} {complaint}"
    assert read_states(store) == {archived.number: "building"}
    path.write_bytes(content)
    assert build(store, settings.archive_path) is BuildStep.BUILT
    assert list_builds(store)[0].error is None
