"""Rules for every check: what it declares is what it does."""

import ast
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from domain.fraud.anomaly import features
from domain.fraud.checks import behaviour
from domain.fraud.checks.check import Check
from domain.fraud.checks.table import CHECKS
from domain.fraud.model import PASSED
from domain.fraud.policy import HOLD_AT, REJECT_AT
from domain.fraud.signals import Signal, Signals
from tests.unit.fraud.makers import make_candidate

ROOMS = (Path(str(behaviour.__file__)).parent, Path(str(behaviour.__file__)).parents[1])
NO_CHECKS = {"__init__", "check", "table"}

SIGNALS_BY_ATTRIBUTE = {
    "window": Signal.WINDOW,
    "profile": Signal.PROFILE,
    "client": Signal.CLIENT,
    "sessions": Signal.PLAY_SESSION,
    "session_id": Signal.METADATA,
    "duration_ms": Signal.METADATA,
    "users_by_subject": Signal.SIGHTINGS,
    "baselines": Signal.BASELINE,
    "model": Signal.MODEL,
}


def list_read(module: Any) -> set[Signal]:
    """Return the signals that a module's code reads."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    read = {
        SIGNALS_BY_ATTRIBUTE[node.attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in SIGNALS_BY_ATTRIBUTE
    }
    imported = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }
    return read | (list_read(features) if features.__name__ in imported else set())


def module_of(check: Check) -> Any:
    return sys.modules[check.run.__module__]


each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


@each_check
def test_a_check_declares_the_signals_that_it_reads(check: Check) -> None:
    assert list_read(module_of(check)) == check.needs


@each_check
def test_a_check_s_file_has_its_name(check: Check) -> None:
    assert Path(str(module_of(check).__file__)).stem == check.name


@each_check
def test_defaults_are_within_their_bounds_and_explained(check: Check) -> None:
    for setting in fields(check.settings):
        bounds = setting.metadata
        assert bounds["minimum"] <= setting.default <= bounds["maximum"], setting.name
        assert bounds["doc"]


@each_check
def test_a_usual_action_of_an_unknown_player_passes(check: Check) -> None:
    """A cold start means that not enough is known, never that somebody is guilty."""
    assert check.run(make_candidate(), Signals(), check.settings()) is PASSED


def test_every_file_has_its_entry_in_the_table() -> None:
    files = {path.stem for room in ROOMS for path in room.glob("*.py")} - NO_CHECKS
    assert files == {check.name for check in CHECKS}
    assert len(CHECKS) == len(files)


def test_what_only_holds_is_rejected_when_ten_checks_are_certain_and_not_before() -> None:
    points = sorted((check.points for check in CHECKS if check.points < REJECT_AT), reverse=True)
    assert points[0] == HOLD_AT
    assert sum(points[:9]) < REJECT_AT
