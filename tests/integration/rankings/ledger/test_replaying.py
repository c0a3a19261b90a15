"""Replays: what scoring has made is what the ledger gives, and every difference is named."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from domain.accounts.following import change_attributes
from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.errors import ArchiveUnreadableError, NotFoundError
from domain.rankings.closing.closing import close_due
from domain.rankings.ledger import reading
from domain.rankings.ledger.as_of import replay_until
from domain.rankings.ledger.building import build_version, list_builds, make_live
from domain.rankings.ledger.comparing import Comparison
from domain.rankings.ledger.replaying import replay
from domain.settings import Settings
from domain.store.store import Store
from tests.archives import MARCH, archive_all, drop_old_months, move_to_the_past
from tests.built_boards import make_ledger, make_version
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.verification import change
from workers.context import WorkerContext

BOARDS: dict[str, dict[str, Any]] = {
    "best-daily": {
        "aggregate": "best",
        "value": "metadata.points",
        "tieBreakers": [{"value": "metadata.seconds", "direction": "asc"}],
        "period": {"kind": "daily"},
        "timeZone": "Australia/Lord_Howe",
        "segment": "metadata.team",
    },
    "sum": {"ties": "dense"},
    "three-tries": {"attempts": 3, "aggregate": "sum", "period": {"kind": "weekly"}},
    "rolling": {"period": {"kind": "rolling", "window": "24h"}, "aggregate": "latest"},
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_PLAYERS", 3)


@pytest.fixture
def players(worker_context: WorkerContext) -> list[UUID]:
    """Players whose actions have been counted on every board."""
    for slug, fields in BOARDS.items():
        make_board(worker_context.store, slug, **fields)
    return act(worker_context, players=8, batches=6)


def act(context: WorkerContext, *, players: int, batches: int) -> list[UUID]:
    dice = random.Random(4)
    crowd = [UUID(int=dice.getrandbits(128), version=4) for _ in range(players)]
    for _ in range(batches):
        complete_actions(
            context,
            [
                make_action(
                    user_id=dice.choice(crowd),
                    score=dice.randrange(4),
                    metadata=orjson.dumps(
                        {
                            "points": dice.randrange(5),
                            "seconds": dice.choice([1, 2.5, "bad"]),
                            "team": dice.choice(["red", "blue"]),
                        }
                    ).decode(),
                )
                for _ in range(20)
            ],
        )
    return crowd


def compare(store: Store, settings: Settings, board: str | None = None) -> dict[str, Comparison]:
    compared = replay(
        store, archive_path=settings.archive_path, board=BoardId(board) if board else None
    )
    return {comparison.name: comparison for comparison in compared}


def test_everything_is_equal_after_work(
    store: Store, settings: Settings, players: list[UUID]
) -> None:
    compared = compare(store, settings)
    assert list(compared) == ["scores", *(f"board {slug}" for slug in BOARDS), "seals"]
    assert compared.pop("seals").made.rows == 0
    for comparison in compared.values():
        assert comparison.differences == []
        assert comparison.made.checksum == comparison.stored.checksum
        assert comparison.made.rows == comparison.stored.rows > 0
    assert compared["scores"].made.rows == len(players)


def test_an_empty_ledger_is_equal(store: Store, settings: Settings) -> None:
    make_board(store, "sum")
    assert all(comparison.is_equal for comparison in compare(store, settings).values())


def test_one_board_alone(store: Store, settings: Settings, players: list[UUID]) -> None:
    assert list(compare(store, settings, "sum")) == ["board sum", "seals"]
    assert list(compare(store, settings, str(GLOBAL_BOARD))) == ["scores"]
    with pytest.raises(NotFoundError):
        compare(store, settings, "nowhere")


@pytest.mark.parametrize(
    ("statement", "name", "complaint"),
    [
        (
            "UPDATE user_scores SET score = score + 1 WHERE user_id = :user",
            "scores",
            "is stored",
        ),
        (
            "UPDATE user_scores SET last_action = now() WHERE user_id = :user",
            "scores",
            "is stored",
        ),
        (
            "UPDATE ranking_rows SET value = 77 WHERE user_id = :user"
            " AND ranking_no IN (SELECT ranking_no FROM rankings JOIN board_versions"
            " USING (version_no) WHERE board_id = 'sum')",
            "board sum",
            "[77,",
        ),
        (
            "DELETE FROM ranking_rows WHERE user_id = :user"
            " AND ranking_no IN (SELECT ranking_no FROM rankings JOIN board_versions"
            " USING (version_no) WHERE board_id = 'three-tries')",
            "board three-tries",
            "nothing is stored",
        ),
        (
            "INSERT INTO ranking_rows SELECT ranking_no, '00000000-0000-4000-8000-000000000000',"
            " 1, NULL, 1, true, 1, NULL, 1, '', now() FROM rankings JOIN board_versions"
            " USING (version_no) WHERE board_id = 'best-daily'",
            "board best-daily",
            "the ledger gives nothing",
        ),
        (
            "INSERT INTO ranking_rows SELECT ranking_no, 'ffffffff-ffff-4fff-bfff-ffffffffffff',"
            " 1, NULL, 1, true, 1, NULL, 1, '', now() FROM rankings JOIN board_versions"
            " USING (version_no) WHERE board_id = 'sum'",
            "board sum",
            "the ledger gives nothing",
        ),
        (
            "UPDATE ranking_buckets SET value = value + 1 WHERE user_id = :user",
            "board rolling",
            "is not what the ledger gives",
        ),
        (
            "UPDATE user_actions SET status = 'voided' WHERE user_id = :user",
            "board sum",
            "the ledger gives nothing",
        ),
    ],
)
def test_a_difference_is_named(
    store: Store,
    settings: Settings,
    players: list[UUID],
    statement: str,
    name: str,
    complaint: str,
) -> None:
    change(store, statement, user=players[3])
    comparison = compare(store, settings)[name]
    assert not comparison.is_equal
    assert any(complaint in sentence for sentence in comparison.differences)
    assert comparison.made.checksum != comparison.stored.checksum or name == "board rolling"


def test_only_the_first_differences_are_kept(
    store: Store, settings: Settings, players: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.rankings.ledger.comparing.NAMED_DIFFERENCES", 2)
    change(store, "UPDATE user_scores SET score = score + 1")
    scores = compare(store, settings)["scores"]
    assert (len(scores.differences), scores.different) == (2, len(players))


@pytest.fixture
def archived(store: Store, worker_context: WorkerContext, settings: Settings) -> Iterator[None]:
    """Actions of a month that is in the archive, and some of now, on a board without periods."""
    make_board(store, "sum", aggregate="sum", value="metadata.points")
    act(worker_context, players=8, batches=3)
    move_to_the_past(store, MARCH)
    archive_all(store, settings.archive_path, part_rows=7)
    act(worker_context, players=4, batches=2)
    yield
    drop_old_months(store)


def test_archived_actions_are_read_from_their_files(
    store: Store, settings: Settings, archived: None
) -> None:
    compared = compare(store, settings)
    assert all(comparison.is_equal for comparison in compared.values())
    assert sum(comparison.made.rows for comparison in compared.values()) > 0
    next(settings.archive_path.glob("*.ndjson.gz")).unlink()
    with pytest.raises(ArchiveUnreadableError):
        compare(store, settings)


def test_what_was_before_a_moment_is_the_same_whatever_comes_after(
    store: Store, settings: Settings, worker_context: WorkerContext, archived: None
) -> None:
    until = datetime.now(UTC)
    before = replay_until(store, archive_path=settings.archive_path, until=until)
    whole = compare(store, settings)
    assert {each.name: each.rows.checksum for each in before} == {
        name: comparison.made.checksum for name, comparison in whole.items() if name != "seals"
    }
    act(worker_context, players=8, batches=1)
    again = replay_until(store, archive_path=settings.archive_path, until=until)
    assert describe(again) == describe(before)
    later = replay_until(store, archive_path=settings.archive_path, until=until + timedelta(days=1))
    assert describe(later) != describe(before)


def describe(found: list[Any]) -> list[tuple[str, int, str, object]]:
    return [(each.name, each.rows.rows, each.rows.checksum, each.tops) for each in found]


def test_the_top_of_a_moment_is_in_the_order_of_the_board(
    store: Store, settings: Settings, players: list[UUID]
) -> None:
    found = replay_until(store, archive_path=settings.archive_path, until=datetime.now(UTC))
    scores, *_ = found
    with store.write() as connection:
        expected = connection.execute(
            text(
                "SELECT CAST(user_id AS text), score FROM user_scores"
                " ORDER BY score DESC, reached_seq, user_scores.user_id LIMIT 10"
            )
        ).all()
    assert [(user, value) for _, user, value in scores.tops[""]] == [tuple(row) for row in expected]
    by_team = next(each for each in found if each.name == "board best-daily")
    assert set(by_team.tops) == {"red", "blue"}


YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def sealed(store: Store) -> int:
    """A daily board whose yesterday is sealed, with players who are tied; its version's number."""
    make_ledger(store, players=6, actions=30, since=YESTERDAY - timedelta(days=1), until=YESTERDAY)
    version = make_version(store, {"id": "daily", "period": {"kind": "daily"}, "ties": "dense"})
    (progress,) = list_builds(store)
    build_version(store, progress=progress, archive_path=Path("/nonexistent"))
    make_live(store, version=version)
    while [*close_due(store)]:
        pass
    return version.number


def test_seals_are_those_of_the_rows_that_the_ledger_gives(
    store: Store, settings: Settings, sealed: int
) -> None:
    seals = compare(store, settings, "daily")["seals"]
    assert seals.differences == []
    assert seals.made.rows > 0
    change(store, "UPDATE ranking_seals SET sha256 = decode(repeat('00', 32), 'hex')")
    seals = compare(store, settings, "daily")["seals"]
    assert seals.different == seals.stored.rows > 0
    assert seals.differences[0].startswith("daily 20")


def test_a_sealed_ranking_that_has_changed_since_waits_for_its_next_seal(
    store: Store, settings: Settings, sealed: int
) -> None:
    before = compare(store, settings, "daily")["seals"].made.rows
    change(
        store,
        "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision)"
        " SELECT ranking_no, user_id, 1 FROM ranking_rows WHERE ranking_no ="
        " (SELECT min(ranking_no) FROM rankings WHERE revision = 1)",
    )
    seals = compare(store, settings, "daily")["seals"]
    assert (seals.is_equal, seals.made.rows) == (True, before - 1)


def test_rows_that_follow_an_attribute_are_those_that_the_ledger_gives(
    store: Store, settings: Settings, worker_context: WorkerContext
) -> None:
    make_board(store, "by-country", segment="player.country")
    window = {"kind": "rolling", "window": "7d"}
    make_board(store, "rolling", segment="player.country", period=window)
    players = act(worker_context, players=6, batches=2)
    for number, player in enumerate(players):
        move(store, player, "DE" if number % 2 else "FR")
    act(worker_context, players=6, batches=2)
    move(store, players[1], "IT")
    move(store, players[2], None)
    act(worker_context, players=6, batches=2)
    move(store, players[2], "DE")
    assert compare(store, settings)["board rolling"].differences == []
    comparison = compare(store, settings)["board by-country"]
    assert comparison.differences == []
    assert comparison.stored.rows == len(players)
    change(store, "UPDATE ranking_rows SET counted = 99 WHERE user_id = :user", user=players[1])
    change(store, "UPDATE ranking_rows SET sort_key = '' WHERE user_id = :user", user=players[3])
    assert compare(store, settings)["board by-country"].different == 2


def move(store: Store, user_id: UUID, country: str | None) -> None:
    with store.write() as connection:
        change_attributes(
            connection, user_id=user_id, changes={"country": country}, now=datetime.now(UTC)
        )
