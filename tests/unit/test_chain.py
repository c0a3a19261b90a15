"""The table of links: what follows from it, also for a chain that has one link more."""

from typing import cast

import pytest

from domain.actions.chain import (
    AUDIT,
    BROADCAST,
    CHAIN,
    REFRESH,
    SCORE,
    SCREEN,
    Chain,
    Link,
    Stage,
    list_audited_stages,
    list_counted_stages,
    list_finished_stages,
    list_links_from,
    list_redis_stages,
    list_unscored_stages,
)
from domain.store.postgres.stages import IS_FINISHED, IS_UNFINISHED, stage_in, stage_not_in

# Members of an enum cannot be added in a test; the derivations need no more than these values.
AWARDED, CLOSED = cast(Stage, "awarded"), cast(Stage, "closed")
AWARD = Link("award", Stage.AUDITED, AWARDED, is_counted=True, needs_redis=True)
WITH_AWARDS: Chain = (*CHAIN[:4], AWARD, Link("broadcast", AWARDED, Stage.DONE, needs_redis=True))
WITH_AN_END: Chain = (*CHAIN, Link("close", Stage.DONE, CLOSED))


def test_the_lists_of_the_chain_are_those_that_its_stages_mean() -> None:
    assert list_finished_stages() == (Stage.DONE, Stage.SPLIT)
    assert list_unscored_stages() == (Stage.ACCEPTED, Stage.SCREENED)
    assert list_audited_stages() == (Stage.AUDITED, Stage.DONE, Stage.SPLIT)
    assert list_counted_stages() == (Stage.ACCEPTED, Stage.SCREENED)
    assert list_redis_stages() == (Stage.SCORED, Stage.AUDITED)


def test_a_stage_behind_audit_is_audited_and_neither_finished_nor_unscored() -> None:
    assert list_audited_stages(WITH_AWARDS) == (
        Stage.AUDITED,
        AWARDED,
        Stage.DONE,
        Stage.SPLIT,
    )
    assert list_finished_stages(WITH_AWARDS) == (Stage.DONE, Stage.SPLIT)
    assert list_unscored_stages(WITH_AWARDS) == (Stage.ACCEPTED, Stage.SCREENED)


def test_a_link_behind_audit_is_counted_and_needs_redis_as_its_row_says() -> None:
    assert list_counted_stages(WITH_AWARDS) == (Stage.ACCEPTED, Stage.SCREENED, Stage.AUDITED)
    assert list_redis_stages(WITH_AWARDS) == (Stage.SCORED, Stage.AUDITED, AWARDED)


def test_the_last_link_decides_what_is_finished() -> None:
    assert list_finished_stages(WITH_AN_END) == (CLOSED, Stage.SPLIT)
    assert list_audited_stages(WITH_AN_END) == (Stage.AUDITED, Stage.DONE, CLOSED, Stage.SPLIT)


@pytest.mark.parametrize(
    ("stage", "links"),
    [
        (Stage.ACCEPTED, (SCREEN, SCORE, REFRESH, AUDIT, BROADCAST)),
        (Stage.REFRESHED, (AUDIT, BROADCAST)),
        (Stage.DONE, ()),
        (Stage.SPLIT, ()),
    ],
)
def test_a_batch_needs_the_links_from_its_stage_on(stage: Stage, links: Chain) -> None:
    assert tuple(list_links_from(stage)) == links


def test_the_conditions_in_sql_name_the_stages_of_the_chain() -> None:
    assert IS_FINISHED == "stage IN ('done', 'split')"
    assert IS_UNFINISHED == "stage NOT IN ('done', 'split')"
    assert stage_not_in(list_audited_stages(WITH_AWARDS), "b.stage") == (
        "b.stage NOT IN ('audited', 'awarded', 'done', 'split')"
    )
    assert stage_in(list_unscored_stages(WITH_AWARDS)) == "stage IN ('accepted', 'screened')"
