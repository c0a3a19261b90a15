"""Baselines: made of recent applied actions, bounded, and written only when they change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.actions.model import Status
from domain.fraud import baselining
from domain.fraud.baselining import renew_baselines
from domain.store.postgres.fraud.baselines import list_baselines
from domain.store.store import Store
from tests.factories import Player, make_player, make_stored_action
from workers.upkeep.fraud import FraudDuties

NOW = datetime.now(UTC)


@pytest.fixture
def player(store: Store) -> Player:
    """A player of some actions."""
    return make_player(store)


def act(store: Store, player: Player, *, seconds_ago: float = 60, **columns: Any) -> None:
    make_stored_action(
        store,
        player,
        at=NOW - timedelta(seconds=seconds_ago),
        **{"action_type": "run", "metadata": {"duration": 1000}, **columns},
    )


def read(store: Store) -> dict[str, Any]:
    with store.write() as connection:
        return dict(list_baselines(connection))


def read_revision(store: Store) -> int:
    with store.write() as connection:
        return int(connection.execute(text("SELECT revision FROM fraud_head")).scalar_one())


def test_applied_actions_make_a_baseline_for_each_type(store: Store, player: Player) -> None:
    for seconds_ago in (3 * 86400, 7200, 30):
        act(store, player, seconds_ago=seconds_ago, score_delta=200)
    act(store, player, action_type=None, score_delta=5)
    act(store, player, status=Status.QUARANTINED, score_delta=9000)
    act(store, player, status=Status.REJECTED, score_delta=9000)
    act(store, player, seconds_ago=8 * 86400, action_type="old")
    before = read_revision(store)
    assert renew_baselines(store, known_number=None, now=NOW) is not None
    found = read(store)
    assert set(found) == {"run", ""}
    assert (found["run"]["actions"], found["run"]["score_median"]) == (3, 200.0)
    assert read_revision(store) == before + 1


@pytest.mark.parametrize("duration", [None, "90", -1, 1e300, {"a": 1}])
def test_odd_metadata_has_no_duration(store: Store, player: Player, duration: Any) -> None:
    act(store, player, metadata={"duration": duration})
    act(store, player, metadata=None)
    renew_baselines(store, known_number=None, now=NOW)
    assert read(store)["run"]["actions"] == 2


def test_without_actions_there_is_nothing_and_nobody_reads_again(store: Store) -> None:
    before = read_revision(store)
    assert renew_baselines(store, known_number=None, now=NOW) is not None
    assert (read(store), read_revision(store)) == ({}, before)


def test_what_has_not_changed_is_not_written(store: Store, player: Player) -> None:
    act(store, player)
    renew_baselines(store, known_number=None, now=NOW)
    before = read_revision(store)
    renew_baselines(store, known_number=None, now=NOW)
    assert read_revision(store) == before


def test_a_few_new_actions_are_not_looked_at(store: Store, player: Player) -> None:
    act(store, player)
    number = renew_baselines(store, known_number=None, now=NOW)
    act(store, player)
    assert renew_baselines(store, known_number=number, now=NOW) is None
    assert read(store)["run"]["actions"] == 1
    duties = FraudDuties(store)
    duties.renew_baselines()
    assert read(store)["run"]["actions"] == 2
    act(store, player)
    duties.renew_baselines()
    assert read(store)["run"]["actions"] == 2


def test_a_few_actions_do_not_take_the_place_of_many(
    store: Store, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(store, player)
    renew_baselines(store, known_number=None, now=NOW)
    known = {**read(store)["run"], "actions": 4000}
    with store.write() as connection:
        connection.execute(
            text("UPDATE fraud_baselines SET baseline = baseline || '{\"actions\": 4000}'")
        )
    act(store, player, score_delta=900)
    renew_baselines(store, known_number=None, now=NOW)
    assert read(store)["run"] == known


def test_a_baseline_that_cannot_be_read_is_replaced(store: Store, player: Player) -> None:
    act(store, player)
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO fraud_baselines VALUES ('run', '{\"format\": 99}', now())")
        )
    renew_baselines(store, known_number=None, now=NOW)
    assert read(store)["run"]["actions"] == 1


def test_a_type_that_nobody_plays_any_more_goes(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO fraud_baselines VALUES ('gone', '{}', now() - interval '8 days')")
        )
    before = read_revision(store)
    renew_baselines(store, known_number=None, now=NOW)
    assert (read(store), read_revision(store)) == ({}, before + 1)


def test_the_sample_is_bounded(
    store: Store, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselining, "MOST_TYPES", 1)
    monkeypatch.setattr(baselining, "SAMPLED_EACH", 2)
    for _ in range(3):
        act(store, player)
    act(store, player, action_type="rare")
    renew_baselines(store, known_number=None, now=NOW)
    assert {kind: one["actions"] for kind, one in read(store).items()} == {"run": 2}
