"""Players made by COPY agree with every invariant, and the sizes are compared as promised."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from bench.results import Measured, Memory
from bench.scale.population import insert_veterans, make_veterans
from bench.scale.report import describe_scales
from bench.scale.run import ARMS, Scale, find_rebuilds
from bench.sent_log import SentLog, open_sent_log
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.store import Store
from tests.bench.test_counting import COSTS, MACHINE, REPORT, VERDICT
from tests.conftest import Stores
from tests.factories import make_settings
from tests.verification import find_broken


@pytest.fixture
def sent_log(store: Store, stores: Stores) -> Iterator[SentLog]:
    """A sent log, whose schema the players are copied into first."""
    with open_sent_log(stores.database_url) as opened:
        yield opened
    connection = psycopg2.connect(stores.database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA bench CASCADE")
    connection.close()


def test_players_made_by_copy_hold_every_invariant_and_play_on_from_their_score(
    store: Store, stores: Stores, sent_log: SentLog, tmp_path: Path
) -> None:
    acting = [str(uuid4()) for _ in range(3)]
    veterans = make_veterans(acting, 50)
    connection = psycopg2.connect(stores.database_url)
    connection.autocommit = True
    insert_veterans(connection, veterans, tmp_path / "archives")
    connection.close()
    rebuild_board(store, board=GLOBAL_BOARD)
    assert find_broken(store, make_settings(archive_dir=str(tmp_path / "archives"))) == {}
    (tmp_path / "sent.tsv").write_text("")
    assert sent_log.judge(tmp_path / "sent.tsv").holds
    with store.write() as session:
        (number,) = session.exec_driver_sql("SELECT nextval('action_no_seq')").one()
    assert number == 51


def test_those_who_act_are_among_the_players_of_every_size() -> None:
    acting = [str(uuid4()) for _ in range(3)]
    veterans = make_veterans(acting, 100)
    ids = [veteran.user_id for veteran in veterans]
    assert set(acting) < set(ids)
    assert len(set(ids)) == 100
    assert [veteran.number for veteran in veterans] == list(range(1, 101))
    assert ids[:3] != acting


def test_the_time_of_a_rebuild_is_read_from_the_keepers_log() -> None:
    lines = [
        {"event": "board rebuilt", "complete": False, "seconds": 1.0},
        {"event": "leader", "seconds": 2.0},
        {"event": "board rebuilt", "complete": True, "seconds": 3.5},
    ]
    log = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    assert find_rebuilds(f"starting\n{log}\n") == [3.5]


def test_the_cost_at_the_largest_size_is_divided_by_that_at_the_smallest() -> None:
    outcome = describe_scales([scale(1_000, 0.5), scale(9_000, 0.6)], MACHINE, SETTINGS)
    assert outcome.json["ratios"] == {arm.name: 1.2 for arm in ARMS}
    costs, sizes = outcome.grids
    assert [row[:2] for row in costs.rows][:2] == [[ARMS[0].name, n] for n in ("1,000", "9,000")]
    assert [row[1] for row in sizes.rows] == ["2.0", "2.0"]
    assert outcome.holds


def test_a_board_that_is_not_rebuilt_in_time_is_a_failure_and_not_the_end() -> None:
    slow = replace(scale(9_000, 0.6), rebuild_seconds=None)
    outcome = describe_scales([scale(1_000, 0.5), slow], MACHINE, SETTINGS)
    assert not outcome.holds
    assert outcome.grids[1].rows[1][1] == "never"


SETTINGS = {"players": 10, "seconds_per_arm": 2.0}


def scale(players: int, cpu_seconds: float) -> Scale:
    """Return a size whose arms took this CPU time for a thousand actions."""
    arms = [
        Measured(
            arm=arm,
            report=REPORT,
            cpu_seconds={"api": cpu_seconds, "generator": 9.0},
            memory=Memory(by_kind={}),
            costs=COSTS,
            drain_seconds=0.0,
            verdict=VERDICT,
        )
        for arm in ARMS
    ]
    return Scale(players=players, rebuild_seconds=2.0, memory={}, arms=arms, violations="")
