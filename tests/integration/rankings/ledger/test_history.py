"""Standings of the past: at every moment what a plain replay until then gives, or an honest no."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from domain.accounts.following import change_attributes
from domain.boards.model import BoardId
from domain.errors import HistoryTooLargeError, InvalidPayloadError, NotFoundError
from domain.rankings.definition import (
    GLOBAL_DEFINITION,
    BoardDefinition,
    PeriodKind,
    PeriodRule,
    Segment,
)
from domain.rankings.history import budget
from domain.rankings.history.ranking_past import PastStanding
from domain.rankings.history.reading import read_history
from domain.rankings.ledger.as_of import replay_until
from domain.rankings.ledger.building import build_version, make_live
from domain.rankings.model import BoardVersion, CountedAction, PlayerFacts, VersionState
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.postgres.partitions import ensure_partitions
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.ledger.building import BuildProgress
from domain.store.store import Store
from tests import rankings_reference as reference
from tests.archives import archive_all, drop_old_months
from tests.built_boards import make_version
from tests.factories import make_action
from tests.ledgers import BOARD, HOURS, USERS, definitions, ledgers, players
from tests.pipeline import complete_actions
from tests.rankings import make_board
from workers.context import WorkerContext

TICK = timedelta(microseconds=1)
# The day on which New York's clock is set back, in a year whose months a test may drop.
BASE = datetime(2025, 11, 2, 6, tzinfo=UTC)
SEASON = PeriodRule(PeriodKind.SEASON, start=BASE - timedelta(days=7), end=BASE)
WRITTEN = ("ranking_rows", "ranking_buckets", "rankings", "board_members", "board_versions")
LEDGER = ("user_actions", "action_ids", "archived_partitions", "archived_totals", "user_scores")

Players = Mapping[str, PlayerFacts]


@pytest.fixture
def months(store: Store) -> Iterator[None]:
    """The months of the clock."""
    with store.write() as connection:
        ensure_partitions(connection, now=BASE, months_back=1, months_ahead=1)
    yield
    drop_old_months(store)


def clocks() -> st.SearchStrategy[list[datetime]]:
    """Return few moments, at bounds of days, weeks and months and right before and after them."""
    seconds = st.sampled_from((-1800, -1, -0.000001, 0, 1, 1800))
    at = st.builds(
        lambda hours, offset: BASE + timedelta(hours=hours, seconds=offset),
        st.sampled_from(HOURS),
        seconds,
    )
    return st.lists(at, min_size=2, max_size=5, unique=True)


@st.composite
def cases(draw: st.DrawFn) -> tuple[BoardDefinition, list[CountedAction], Players, list[datetime]]:
    """Return a board, a ledger, its players, and the moments to ask for."""
    zone = ZoneInfo(draw(st.sampled_from(("UTC", "America/New_York"))))
    clock = draw(clocks())
    period = draw(st.one_of(st.none(), st.none(), st.none(), st.just(SEASON)))
    definition = draw(definitions(zone, clock, period))
    facts = {user: PlayerFacts({}, {}) for user in USERS} | draw(players(clock))
    # Every period there is stays: the clock is long past.
    definition = replace(definition, keep_periods=1000)
    asked = sorted({*clock, *(at + TICK for at in clock), BASE + timedelta(days=40)})
    return definition, draw(ledgers(clock)), facts, asked


def write_ledger(store: Store, ledger: Sequence[CountedAction], facts: Players) -> None:
    """Store these applied actions and players, in the place of all that is there."""
    with store.write() as connection:
        for name in (*WRITTEN, "boards", *LEDGER, "users"):
            connection.execute(delete(tables.metadata.tables[name]))
        connection.execute(
            insert(tables.users),
            [
                {
                    "user_id": user,
                    "username": user,
                    "username_key": user,
                    "attributes": dict(facts[user].attributes),
                }
                for user in USERS
            ],
        )
        rows = reference.rank_all(GLOBAL_DEFINITION, ledger, facts, BASE).get(("all", ""), [])
        connection.execute(
            insert(tables.user_scores),
            [
                {
                    "user_id": row.user_id,
                    "score": row.value,
                    "reached_seq": row.reached_seq,
                    "total_actions": row.counted,
                }
                for row in rows
            ],
        )
        connection.execute(
            insert(tables.user_actions),
            [
                {
                    "action_id": UUID(int=action.action_no),
                    "user_id": action.user_id,
                    "score_delta": action.score,
                    "action_type": action.action_type,
                    "metadata": action.metadata and json.loads(action.metadata),
                    "created_at": action.accepted_at,
                    "action_no": action.action_no,
                    "batch_id": UUID(int=1),
                    "status": "applied",
                }
                for action in ledger
            ],
        )


def build(store: Store, definition: BoardDefinition, facts: Players) -> BoardVersion:
    """Store the board, and its rows of now."""
    # Wilder than what admins may store: the definition is not read from the store here.
    version = replace(make_version(store, {"id": str(BOARD)}), definition=definition)
    with store.write() as connection:
        joined = [
            {"board_id": board, "user_id": user, "joined_at": at}
            for user, player in facts.items()
            for board, at in player.joined.items()
        ]
        if joined:
            connection.execute(insert(tables.board_members), joined)
    progress = BuildProgress(version, None, 0, None, None)
    build_version(store, progress=progress, archive_path=Path("/nonexistent"))
    assert make_live(store, version=version)
    return version


def expect(
    definition: BoardDefinition,
    ledger: Sequence[CountedAction],
    facts: Players,
    *,
    user: str,
    segment: str | None,
    at: datetime,
) -> tuple[object, ...]:
    """Return key of the period, rank, value, columns, reached_seq and total by the reference."""
    last = at - TICK
    rankings = reference.rank_all(
        definition, [action for action in ledger if action.accepted_at < at], facts, last
    )
    key = reference.period_of(definition, last)
    rows = rankings.get((key, segment), []) if key and segment is not None else []
    own = next((row for row in rows if row.user_id == user), None)
    if own is None:
        return key, None, None, None, None, len(rows)
    return key, own.rank, own.value, own.columns, own.reached_seq, len(rows)


def describe(found: PastStanding) -> tuple[object, ...]:
    tally = found.tally
    numbers = (tally.value, tally.columns, tally.reached_seq) if tally else (None,) * 3
    return found.period_key, found.rank, *numbers, found.total


def list_segments(definition: BoardDefinition, facts: PlayerFacts) -> list[tuple[str | None, ...]]:
    """Return what to ask for, and the segment that is then looked into."""
    if definition.segment is None:
        return [(None, "")]
    if definition.segment.path is not None:
        return [("DE", "DE"), ("NP", "NP"), ("1", "1")]
    return [(None, facts.attributes.get("country") or None)]


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cases())
def test_a_standing_of_the_past_is_that_of_a_replay_until_then(
    store: Store,
    months: None,
    case: tuple[BoardDefinition, list[CountedAction], Players, list[datetime]],
) -> None:
    definition, ledger, facts, moments = case
    write_ledger(store, ledger, facts)
    version = build(store, definition, facts)
    for user in USERS:
        for asked, segment in list_segments(definition, facts[user]):
            found = read_history(
                store, version=version, user_id=UUID(user), segment=asked, moments=moments
            )
            assert [describe(each) for each in found] == [
                expect(definition, ledger, facts, user=user, segment=segment, at=at)
                for at in moments
            ]


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cases())
def test_the_board_global_has_a_past_too(
    store: Store,
    months: None,
    case: tuple[BoardDefinition, list[CountedAction], Players, list[datetime]],
) -> None:
    _, ledger, facts, moments = case
    write_ledger(store, ledger, facts)
    version = BoardVersion(0, 1, GLOBAL_DEFINITION, VersionState.LIVE)
    for user in USERS:
        found = read_history(
            store, version=version, user_id=UUID(user), segment=None, moments=moments
        )
        assert [describe(each) for each in found] == [
            expect(GLOBAL_DEFINITION, ledger, facts, user=user, segment="", at=at) for at in moments
        ]


NOBODY = {user: PlayerFacts({}, {}) for user in USERS}
FIRST, SECOND, THIRD = USERS


def act(number: int, user: str, score: int, at: datetime) -> CountedAction:
    return CountedAction(number, user, "win", score, None, at)


@pytest.fixture
def old_and_new() -> list[CountedAction]:
    """Actions of October, and of November."""
    october, november = BASE - timedelta(days=10), BASE + timedelta(days=10)
    return [
        act(1, FIRST, 5, october),
        act(2, SECOND, 3, october),
        act(3, THIRD, 3, october),
        act(4, SECOND, 4, november),
        act(5, FIRST, 2, november + timedelta(hours=1)),
        act(6, THIRD, 4, november + timedelta(hours=2)),
    ]


def archive(store: Store, folder: Path, ledger: Sequence[CountedAction]) -> None:
    with store.write() as connection:
        for action in ledger:
            connection.execute(
                insert(tables.action_ids).values(
                    action_id=UUID(int=action.action_no),
                    action_no=action.action_no,
                    user_id=action.user_id,
                    request_hash=b"h",
                    created_at=action.accepted_at,
                )
            )
    archive_all(store, folder, now=BASE + timedelta(days=12), retention_days=1)


@pytest.mark.parametrize("is_global", [True, False])
def test_sums_are_known_behind_what_is_archived(
    store: Store,
    settings: Settings,
    months: None,
    old_and_new: list[CountedAction],
    is_global: bool,
) -> None:
    write_ledger(store, old_and_new, NOBODY)
    definition = GLOBAL_DEFINITION if is_global else BoardDefinition(BOARD)
    version = (
        BoardVersion(0, 1, definition, VersionState.LIVE)
        if is_global
        else build(store, definition, NOBODY)
    )
    archive(store, settings.archive_path, old_and_new)
    november = BASE + timedelta(days=10)
    moments = [november, november + TICK, november + timedelta(minutes=90), BASE + timedelta(20)]
    for user in (FIRST, SECOND):
        found = read_history(
            store, version=version, user_id=UUID(user), segment=None, moments=moments[1:]
        )
        assert [describe(each)[:3] for each in found] == [
            expect(definition, old_and_new, NOBODY, user=user, segment="", at=at)[:3]
            for at in moments[1:]
        ]
    # Second and third had 3 each: which of them was first, only the archive knows.
    with pytest.raises(HistoryTooLargeError, match="only the archives know"):
        read_history(store, version=version, user_id=UUID(THIRD), segment=None, moments=moments[:1])
    with pytest.raises(HistoryTooLargeError, match="Actions of 2025-10 are archived"):
        read_history(
            store,
            version=version,
            user_id=UUID(FIRST),
            segment=None,
            moments=[BASE - timedelta(days=5)],
        )


def test_more_than_a_request_may_read_is_refused(
    store: Store, months: None, old_and_new: list[CountedAction], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ledger(store, old_and_new, NOBODY)
    version = build(store, BoardDefinition(BOARD), NOBODY)
    moments = [BASE - timedelta(days=20)]

    def read() -> list[PastStanding]:
        return read_history(
            store, version=version, user_id=UUID(FIRST), segment=None, moments=moments
        )

    assert [each.rank for each in read()] == [None]
    monkeypatch.setattr(budget, "MAX_ACTIONS", 5)
    with pytest.raises(HistoryTooLargeError):
        read()
    monkeypatch.setattr(budget, "MAX_ACTIONS", 50)
    monkeypatch.setattr(budget, "MAX_COMPARISONS", 2)
    with pytest.raises(HistoryTooLargeError):
        read()


def test_a_period_that_is_not_kept_is_read_from_the_ledger(
    store: Store, months: None, old_and_new: list[CountedAction]
) -> None:
    write_ledger(store, old_and_new, NOBODY)
    definition = BoardDefinition(BOARD, period=PeriodRule(PeriodKind.DAILY), keep_periods=1)
    version = build(store, definition, NOBODY)
    moments = [BASE - timedelta(days=10) + TICK, BASE + timedelta(days=10, minutes=90)]
    found = read_history(store, version=version, user_id=UUID(FIRST), segment=None, moments=moments)
    assert [describe(each) for each in found] == [
        expect(definition, old_and_new, NOBODY, user=FIRST, segment="", at=at) for at in moments
    ]


def test_an_unknown_user_and_a_wrong_segment_are_told(
    store: Store, months: None, old_and_new: list[CountedAction]
) -> None:
    write_ledger(store, old_and_new, NOBODY)
    version = build(store, BoardDefinition(BOARD), NOBODY)
    with pytest.raises(NotFoundError):
        read_history(store, version=version, user_id=UUID(int=77), segment=None, moments=[BASE])
    with pytest.raises(InvalidPayloadError):
        read_history(store, version=version, user_id=UUID(FIRST), segment="DE", moments=[BASE])
    split = replace(version, definition=BoardDefinition(BOARD, segment=Segment(path=("team",))))
    with pytest.raises(InvalidPayloadError):
        read_history(store, version=split, user_id=UUID(FIRST), segment=None, moments=[BASE])


def test_who_has_moved_to_another_segment_is_where_a_replay_puts_the_player(
    store: Store, settings: Settings, worker_context: WorkerContext
) -> None:
    number = make_board(store, "by-country", segment="player.country")
    with store.write() as connection:
        (version,) = list_counted_versions(connection)
    assert version.number == number
    users = [UUID(int=place, version=4) for place in range(1, 5)]
    moments = []
    for place, country in enumerate(("DE", "DE", "IT", None, "IT", "DE")):
        for user in users:
            complete_actions(
                worker_context, [make_action(user_id=user, score=(place * user.int) % 7)]
            )
        moments.append(datetime.now(UTC))
        with store.write() as connection:
            change_attributes(
                connection,
                user_id=users[place % 4],
                changes={"country": country},
                now=datetime.now(UTC),
            )
    moments.append(datetime.now(UTC))
    for at in moments:
        (replayed,) = replay_until(
            store, archive_path=settings.archive_path, until=at, board=BoardId("by-country")
        )
        ranks = {
            user: place
            for top in replayed.tops.values()
            for place, (_, user, _) in enumerate(top, start=1)
        }
        for user in users:
            (found,) = read_history(
                store, version=version, user_id=user, segment=None, moments=[at]
            )
            assert found.rank == ranks.get(str(user))
    assert len(ranks) == len(users) - 1
