"""What the keeper does with a batch that stands still: by its stage, attempts and looks."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.actions.model import Stage
from domain.actions.recovery import BATCH_ATTEMPTS, COUNTED_STAGES, Remedy, choose_remedy
from domain.store.postgres.actions.batches import Batch

STANDING = Batch(uuid4(), Stage.ACCEPTED, 0, 1, None, datetime(2026, 11, 23, tzinfo=UTC))
STAGES = [Stage.ACCEPTED, Stage.SCREENED, Stage.SCORED, Stage.REFRESHED, Stage.AUDITED]


@pytest.mark.parametrize("stage", STAGES)
def test_the_first_look_sends_a_new_message_and_the_next_lends_a_hand(stage: Stage) -> None:
    batch = replace(STANDING, stage=stage)
    assert choose_remedy(batch, broker_usable=True) is Remedy.RESUBMIT
    assert choose_remedy(replace(batch, looks=2), broker_usable=True) is Remedy.RUN


@pytest.mark.parametrize("stage", STAGES)
def test_without_a_broker_the_keeper_runs_it_at_the_first_look(stage: Stage) -> None:
    assert choose_remedy(replace(STANDING, stage=stage), broker_usable=False) is Remedy.RUN


@pytest.mark.parametrize("broker_usable", [True, False])
@pytest.mark.parametrize("stage", STAGES)
def test_only_links_that_an_action_can_poison_take_a_batch_apart(
    stage: Stage, broker_usable: bool
) -> None:
    tried = replace(STANDING, stage=stage, attempts=BATCH_ATTEMPTS, looks=2)
    expected = Remedy.ISOLATE if stage in COUNTED_STAGES else Remedy.RUN
    assert choose_remedy(tried, broker_usable=broker_usable) is expected


def test_one_attempt_less_does_not_take_a_batch_apart() -> None:
    tried = replace(STANDING, attempts=BATCH_ATTEMPTS - 1, looks=2)
    assert choose_remedy(tried, broker_usable=True) is Remedy.RUN
