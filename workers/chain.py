"""Running links: the one table from a link to the use case that does its work.

Called by the tasks of the chain, and by the keeper for batches that messages do not move.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

import structlog

from domain.actions.chain import AUDIT, BROADCAST, REFRESH, SCORE, SCREEN, Link
from domain.actions.model import LinkOutcome
from domain.actions.recovery import begin_attempt, end_attempt, set_locked_aside
from domain.actions.replies import publish_replies
from domain.actions.scoring import score_batch
from domain.audit.auditing import audit_batch
from domain.boards.model import GLOBAL_BOARD
from domain.boards.refresh import finish_refresh, refresh_batch
from domain.errors import DatabaseLockedError, DatabaseUnavailableError, TransientError
from domain.events.broadcast import broadcast_batch
from domain.fraud.screening import screen_batch
from domain.rankings.refresh import refresh_rankings
from workers import metrics
from workers.context import WorkerContext

logger = structlog.get_logger(__name__)

Runner = Callable[[WorkerContext, UUID], LinkOutcome]


def _screen(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
    outcome = screen_batch(
        context.store,
        batch_id=batch_id,
        policy=context.policy,
        policies=context.policies,
        clients=context.clients,
        sightings=context.sightings,
        stalled=context.takes_stalled,
        lock_wait_ms=context.lock_wait_ms,
    )
    metrics.count_screening(outcome)
    return outcome.link


def _score(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
    score = partial(
        score_batch,
        context.store,
        batch_id=batch_id,
        catalogs=context.catalogs,
        written_rows=context.written_rows,
        archive_path=context.settings.archive_path,
        stalled=context.takes_stalled,
        lock_wait_ms=context.lock_wait_ms,
    )
    try:
        outcome = score()
    except DatabaseLockedError:
        if not set_locked_aside(context.store, batch_id=batch_id):
            raise
        outcome = score()
    metrics.count_effects(outcome.effects)
    return outcome.link


def _refresh(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
    outcome = refresh_batch(context.store, board=GLOBAL_BOARD, batch_id=batch_id)
    if outcome.link is LinkOutcome.MOVED:
        if outcome.rankings:
            refresh_rankings(
                context.store,
                catalogs=context.catalogs,
                rankings=outcome.rankings,
                user_ids=outcome.user_ids,
                written=context.written_rows.take(batch_id),
                with_gone=outcome.takes_back,
            )
        if outcome.reply_to:
            publish_replies(
                context.store.redis,
                reply_to=outcome.reply_to,
                batch_id=batch_id,
                outcomes=outcome.outcomes,
                ranks=outcome.ranks,
                uncounted=outcome.uncounted,
            )
        finish_refresh(context.store, batch_id=batch_id)
    return outcome.link


def _audit(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
    return audit_batch(context.store, batch_id=batch_id)


def _broadcast(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
    return broadcast_batch(
        context.store, board=GLOBAL_BOARD, batch_id=batch_id, followed=context.followed
    )


RUNNERS: dict[Link, Runner] = {
    SCREEN: _screen,
    SCORE: _score,
    REFRESH: _refresh,
    AUDIT: _audit,
    BROADCAST: _broadcast,
}


def run_link(context: WorkerContext, *, link: Link, batch_id: UUID) -> LinkOutcome:
    """Run one link for a batch; NOT_ITS_TURN when the batch is not at `link.before`.

    Raises TransientError when a store is away, and whatever a poisoned action makes the link raise.
    """
    started = time.perf_counter()
    if link.is_counted:
        outcome = _run_counted(context, link, batch_id)
    else:
        outcome = RUNNERS[link](context, batch_id)
    seconds = time.perf_counter() - started
    metrics.link_seconds.labels(link.name).observe(seconds)
    logger.info(
        "link run",
        batch_id=str(batch_id),
        link=link.name,
        outcome=outcome,
        ms=round(seconds * 1000, 1),
    )
    return outcome


def _run_counted(context: WorkerContext, link: Link, batch_id: UUID) -> LinkOutcome:
    """Run a link that counts attempts; the first attempt at a batch is not counted.

    So a batch that goes its way costs no statement more. One that fails, or kills its process, is
    found stalled by the keeper, and from then on each attempt is counted before the work.
    """
    if not context.takes_stalled:
        outcome = RUNNERS[link](context, batch_id)
        if outcome is LinkOutcome.MOVED:
            return outcome
    if not begin_attempt(context.store, batch_id=batch_id, link=link):
        return LinkOutcome.NOT_ITS_TURN
    try:
        return RUNNERS[link](replace(context, takes_stalled=True), batch_id)
    except TransientError:
        _end_attempt(context, link, batch_id)
        raise


def _end_attempt(context: WorkerContext, link: Link, batch_id: UUID) -> None:
    try:
        end_attempt(context.store, batch_id=batch_id, link=link)
    except DatabaseUnavailableError:
        logger.warning("attempt not taken back", batch_id=str(batch_id), link=link.name)
