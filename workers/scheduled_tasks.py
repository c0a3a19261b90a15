"""The tasks that beat sends: archiving step by step, and deleting old rows."""

import logging
from datetime import UTC, datetime
from typing import Any

import structlog

from domain.archives import archiving, cleaning
from domain.archives.model import ArchiveStep
from workers.celery import app
from workers.context import get_context

logger = structlog.get_logger(__name__)

# Most steps find nothing to do; an operator wants to see the other ones.
STEP_LEVELS = {
    ArchiveStep.OFF: logging.DEBUG,
    ArchiveStep.BUSY: logging.DEBUG,
    ArchiveStep.NOTHING_OLD: logging.DEBUG,
    ArchiveStep.EXPORTED: logging.INFO,
    ArchiveStep.DROPPED: logging.INFO,
    ArchiveStep.LOCKED_OUT: logging.INFO,
    ArchiveStep.BLOCKED: logging.INFO,
    ArchiveStep.CHANGED: logging.WARNING,
}


@app.task
def archive_old_actions(**_: Any) -> None:
    """Do one step of archiving."""
    context = get_context()
    outcome = archiving.archive_old_actions(
        context.store,
        archive_path=context.settings.archive_path,
        retention_days=context.settings.retention_days,
        now=datetime.now(UTC),
    )
    logger.log(
        STEP_LEVELS[outcome.step],
        "archive step",
        step=outcome.step,
        partition=outcome.partition,
        rows=outcome.rows,
    )


@app.task
def delete_old_batches(**_: Any) -> None:
    """Delete batches that were finished a week ago."""
    cleaned = cleaning.delete_old_batches(get_context().store, now=datetime.now(UTC))
    logger.info("old batches deleted", finished=cleaned.finished, **cleaned.rows)


@app.task
def delete_ended_credentials(**_: Any) -> None:
    """Delete sessions, revocations and tickets that expired a day ago."""
    cleaned = cleaning.delete_ended_credentials(get_context().store, now=datetime.now(UTC))
    logger.info("ended credentials deleted", finished=cleaned.finished, **cleaned.rows)


@app.task
def delete_unseen_clients(**_: Any) -> None:
    """Delete clients, and who was seen with them, that were not seen for long."""
    context = get_context()
    cleaned = cleaning.delete_unseen_clients(
        context.store,
        unseen_days=context.settings.client_retention_days,
        now=datetime.now(UTC),
    )
    logger.info("unseen clients deleted", finished=cleaned.finished, **cleaned.rows)
