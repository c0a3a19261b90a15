"""The sizes of boards and the turn of a period: rows made by SQL, and what is told of a run."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import psycopg2
import psycopg2.extensions
import pytest
from sqlalchemy import text

from bench.boards.definitions import define_boards
from bench.boards.install import write_board
from bench.boards.population import insert_rows, turn_season
from bench.boards.probe import Probed
from bench.boards.sizes import ARMS, BoardSize
from bench.boards.sizes_report import describe_board_sizes
from bench.boards.turn import Turn
from bench.boards.turn_report import describe_turn
from bench.generator.traffic import Ranks
from domain.rankings.definition_json import decode_definition
from domain.rankings.folding import sort_key
from domain.rankings.model import Tally
from domain.store.store import Store
from rig.players import Player
from tests.bench.test_boards import with_cpu
from tests.bench.test_counting import MACHINE, REPORT, VERDICT
from tests.conftest import Stores
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import list_rows, make_board
from workers.context import WorkerContext

SETTINGS = {"players": 10, "seconds_per_arm": 2.0}
PROBED = Probed(acted=0.1, read=0.2, shown=0.3)


@pytest.fixture
def connection(store: Store, stores: Stores) -> Iterator[psycopg2.extensions.connection]:
    opened = psycopg2.connect(stores.database_url)
    opened.autocommit = True
    yield opened
    opened.close()


def test_rows_made_by_sql_are_ordered_as_scored_ones(
    worker_context: WorkerContext, connection: psycopg2.extensions.connection
) -> None:
    store = worker_context.store
    made = make_board(store, "made")
    players = [uuid4() for _ in range(4)]
    for player, score in zip(players, (5, 9, 5, 7), strict=True):
        complete_actions(worker_context, [make_action(user_id=player, score=score)])
    with store.write() as session:
        session.execute(text("DELETE FROM ranking_rows"))
        session.execute(text("DELETE FROM rankings"))
    for part in range(2):
        insert_rows(connection, version=made, period=f"part-{part}", part=part, parts=2)
    rows = list_rows(store, "made")
    assert sorted((user, value) for _, _, user, value in rows) == sorted(
        zip(players, (5, 9, 5, 7), strict=True)
    )
    definition = decode_definition({"id": "made"})
    with store.write() as session:
        for value, reached_seq, key in session.execute(
            text("SELECT value, reached_seq, sort_key FROM ranking_rows")
        ):
            assert bytes(key) == sort_key(definition, Tally(value, (), reached_seq, True, 1))


def test_one_season_ends_when_another_begins(
    store: Store, connection: psycopg2.extensions.connection
) -> None:
    start, far = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
    ending = make_board(store, "a", period={"kind": "season", "start": start, "end": far})
    later = {"kind": "season", "start": far, "end": "2091-01-01T00:00:00Z"}
    beginning = make_board(store, "b", period=later)
    at = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)
    insert_rows(connection, version=ending, period="season", bounds=(at, None))
    turn_season(connection, ending=ending, beginning=beginning, at=at)
    with store.write() as session:
        found = session.execute(text("SELECT definition FROM board_versions ORDER BY 1")).scalars()
        periods = {one["id"]: decode_definition(one).period for one in found}
        bound = session.execute(text("SELECT period_end FROM rankings")).scalar_one()
    assert periods["a"].end == periods["b"].start == bound == at


def test_every_board_is_the_same_in_the_file_of_the_command() -> None:
    boards = define_boards(16)
    assert tomllib.loads("".join(map(write_board, boards))) == {"boards": boards}


def test_look_ups_are_of_any_path() -> None:
    player = Player(str(uuid4()), "token")
    ranks = Ranks("host", [player], token="token", path="/api/boards/b/players/{userId}")
    request, _ = ranks.next_request()
    assert request.startswith(f"GET /api/boards/b/players/{player.user_id} HTTP".encode())


def test_reads_at_the_largest_size_are_divided_by_those_at_the_smallest() -> None:
    outcome = describe_board_sizes([size(1_000, 100), size(9_000, 120)], MACHINE, SETTINGS)
    assert outcome.json["ratios"] == {arm.name: {"cpu": 1.2, "p50_ms": 1.0} for arm in ARMS}
    assert [row[:2] for row in outcome.grids[0].rows][:2] == [
        [ARMS[0].name, players] for players in ("1,000", "9,000")
    ]
    assert "`top` 1.2 of the CPU" in outcome.lines[2]
    assert outcome.holds


def test_the_seconds_of_a_turn_are_told_apart() -> None:
    outcome = describe_turn(turn(), MACHINE, SETTINGS)
    written = json.loads(json.dumps(outcome.json))["turn"]
    assert (written["first_action_s"], written["first_read_s"]) == (0.1, 0.2)
    assert written["p99_before_ms"] == [1.0, 2.0]
    assert written["p99_while_sealing_ms"] == [30.0, 4.0]
    assert written["p99_after_ms"] == [5.0]
    assert outcome.holds


@pytest.mark.parametrize(
    "changes",
    [
        {"probed": replace(PROBED, shown=None)},
        {"sealed_rows": 9},
        {"verdict": replace(VERDICT, lost=1)},
        {"is_drained": False},
    ],
)
def test_a_turn_that_lost_something_does_not_hold(changes: dict[str, object]) -> None:
    assert not replace(turn(), **changes).holds  # type: ignore[arg-type]  # a table of changes


def size(players: int, us: float) -> BoardSize:
    """Return a size at which a read took this CPU time in two rounds."""
    rounds = {arm.name: [with_cpu(us)] * 2 for arm in ARMS}
    return BoardSize(
        players=players, tenths_seconds=2.0, whole_seconds=3.0, memory={}, rounds=rounds
    )


def turn() -> Turn:
    """Return a turn of ten players, sealed in the second second."""
    slices = [{"p99": value} for value in (1.0, 2.0, 30.0, 4.0, 5.0)]
    return Turn(
        players=10,
        probed=PROBED,
        sealed_seconds=1.5,
        sealed_rows=10,
        at_slice=2,
        report=replace(REPORT, slices=slices),
        is_drained=True,
        verdict=VERDICT,
    )
