"""Stages of batches as SQL conditions, all derived from the chain's table of links.

Used by every query of `action_batches` and by the partial indexes: PostgreSQL uses such an index
only for a condition that is the same as the index's.
"""

from collections.abc import Iterable

from domain.actions.chain import (
    SCORE,
    Stage,
    list_audited_stages,
    list_finished_stages,
    list_open_stages,
    list_passed_stages,
    list_unscored_stages,
)
from domain.actions.model import Status
from domain.fraud.model import Verdict


def stage_in(stages: Iterable[Stage], column: str = "stage") -> str:
    """Return the condition that `column` is one of these stages."""
    return f"{column} IN ({_quote(stages)})"


def stage_not_in(stages: Iterable[Stage], column: str = "stage") -> str:
    """Return the condition that `column` is none of these stages."""
    return f"{column} NOT IN ({_quote(stages)})"


def _quote(stages: Iterable[Stage]) -> str:
    return ", ".join(f"'{stage}'" for stage in stages)


IS_FINISHED = stage_in(list_finished_stages())
IS_UNFINISHED = stage_not_in(list_finished_stages())
# A newer version beside this one may write stages that this one does not know: neither of both.
IS_OPEN = stage_in(list_open_stages())
IS_UNSCORED = stage_in(list_unscored_stages())
IS_PAST_SCORE = stage_in(list_passed_stages(SCORE))
BATCH_IS_UNAUDITED = stage_not_in(list_audited_stages(), "b.stage")
# Its actions are not written yet; also at a stage that only a newer version knows.
IS_PENDING = f"scored_at IS NULL AND {IS_UNFINISHED}"
BATCH_IS_PENDING = f"b.scored_at IS NULL AND {stage_not_in(list_finished_stages(), 'b.stage')}"
# Its one action is applied, and a moderator takes it back.
BATCH_TAKES_BACK = (
    "coalesce(b.verdicts -> CAST(b.action_nos[1] AS text) ->> 'verdict', '')"
    f" IN ('{Verdict.VOID}', '{Verdict.HOLD}')"
)
# Of actions: what an operator has to decide on.
NEEDS_REVIEW = f"status IN ('{Status.QUARANTINED}', '{Status.FAILED}')"
# What only a moderator can decide on.
IS_HELD = f"status = '{Status.QUARANTINED}'"
