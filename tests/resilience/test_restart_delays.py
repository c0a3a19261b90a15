"""A supervised process that ends is started soon at first, and later and later if it goes on so."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.supervision import processes
from local.supervision.processes import (
    FIRST_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    SOON_STARTS,
    SupervisedProcess,
)
from local.supervision.spawning import Launch
from tests.waiting import wait_until


@pytest.fixture
def ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SupervisedProcess]:
    """A process that ends at once, however long that takes on a busy machine."""
    monkeypatch.setattr(processes, "HEALTHY_SECONDS", 3600.0)
    launch = Launch(name="one", argv=(sys.executable, "-S", "-c", ""), env=os.environ, cwd=tmp_path)
    process = SupervisedProcess(launch, logs=tmp_path, tier=1, verbose=False, quiet=True)
    yield process
    process.close()


def end_once(process: SupervisedProcess) -> float:
    """Let it run and end; return the delay until its next start."""
    process.start()
    wait_until(lambda: process.reap() is not None)
    return process.schedule_restart()


def test_the_first_restarts_are_soon_and_a_crash_loop_backs_off(
    ending: SupervisedProcess,
) -> None:
    delays = [end_once(ending) for _ in range(SOON_STARTS + 7)]
    assert delays[:SOON_STARTS] == [FIRST_DELAY_SECONDS] * SOON_STARTS
    assert delays[SOON_STARTS:] == [1.0, 2.0, 4.0, 8.0, *[LONGEST_DELAY_SECONDS] * 3]


def test_a_process_that_was_healthy_is_started_soon_again(
    ending: SupervisedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(SOON_STARTS + 2):
        end_once(ending)
    monkeypatch.setattr(processes, "HEALTHY_SECONDS", 0.0)
    assert end_once(ending) == FIRST_DELAY_SECONDS
