"""What the keeper does with a stalled batch: by its stage, attempts and looks."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.actions.chain import CHAIN, Stage
from domain.actions.recovery import (
    BATCH_ATTEMPTS,
    COUNTED_STAGES,
    LOOKS_FOR_WORKERS,
    Remedy,
    choose_remedy,
)
from domain.store.postgres.actions.batches import Batch

STALLED = Batch(uuid4(), Stage.ACCEPTED, 0, 1, None, datetime(2026, 11, 23, tzinfo=UTC))
STAGES = [link.before for link in CHAIN]


@pytest.mark.parametrize("stage", STAGES)
def test_the_first_look_sends_a_new_message_and_the_next_runs_the_batch(stage: Stage) -> None:
    batch = replace(STALLED, stage=stage)
    assert choose_remedy(batch, broker_usable=True) is Remedy.RESUBMIT
    assert choose_remedy(replace(batch, looks=2), broker_usable=True) is Remedy.RUN


@pytest.mark.parametrize("stage", STAGES)
def test_without_a_broker_the_first_look_runs_the_batch(stage: Stage) -> None:
    assert choose_remedy(replace(STALLED, stage=stage), broker_usable=False) is Remedy.RUN


@pytest.mark.parametrize("broker_usable", [True, False])
@pytest.mark.parametrize("stage", STAGES)
def test_only_a_batch_at_a_counted_link_is_isolated(stage: Stage, broker_usable: bool) -> None:
    tried = replace(STALLED, stage=stage, attempts=BATCH_ATTEMPTS, looks=2)
    expected = Remedy.ISOLATE if stage in COUNTED_STAGES else Remedy.RUN
    assert choose_remedy(tried, broker_usable=broker_usable) is expected


def test_one_attempt_less_does_not_isolate_a_batch() -> None:
    tried = replace(STALLED, attempts=BATCH_ATTEMPTS - 1, looks=1)
    assert choose_remedy(tried, broker_usable=True) is Remedy.RESUBMIT


def test_the_keeper_does_not_run_what_may_have_killed_two_workers() -> None:
    tried = replace(STALLED, attempts=1, looks=2)
    assert choose_remedy(tried, broker_usable=True) is Remedy.ISOLATE


@pytest.mark.parametrize("stage", STAGES)
def test_what_may_be_poison_is_left_to_the_workers_for_some_looks(stage: Stage) -> None:
    part = replace(STALLED, stage=stage, is_suspect=True)
    remedies = [
        choose_remedy(replace(part, looks=looks), broker_usable=True)
        for looks in range(1, LOOKS_FOR_WORKERS + 2)
    ]
    messages = LOOKS_FOR_WORKERS if stage in COUNTED_STAGES else 1
    runs = LOOKS_FOR_WORKERS + 1 - messages
    assert remedies == [Remedy.RESUBMIT] * messages + [Remedy.RUN] * runs
    assert choose_remedy(part, broker_usable=False) is Remedy.RUN
