"""The keeper's upkeep of the audit log: it signs what the log has become, and keeps that outside.

What fails here keeps nothing else waiting: the log goes on, and `/health` tells that it is no
longer signed.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from domain.audit.checkpoint_file import CheckpointFileError
from domain.audit.checkpointing import UnsoundLogError, keep_outside, sign_next
from domain.audit.keys import SigningKey, read_signing_key
from domain.errors import SettingsError
from domain.settings import Settings
from domain.store.postgres.heartbeats import beat
from domain.store.store import Store
from workers import metrics

logger = structlog.get_logger(__name__)

CHECKPOINT_SECONDS = 60.0
# For a log that was never signed: the rest has its turn a minute later.
SIGNING_SECONDS = 5.0
# The names under which a round that went well is known to `/health`.
SIGNED, KEPT = "checkpoints", "checkpoint-file"


class CheckpointDuties:
    """The duties of checkpoints; without a signing key they do nothing."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._setting = settings.audit_signing_key
        self._path = settings.checkpoint_path
        self._key: SigningKey | None = None

    @property
    def duties(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """The duties with their pauses in seconds, for a schedule."""
        if not self._setting:
            logger.warning("checkpoints are off", missing="AUDIT_SIGNING_KEY")
            return []
        return [(CHECKPOINT_SECONDS, self.sign_log), (CHECKPOINT_SECONDS, self.keep_checkpoints)]

    def sign_log(self) -> None:
        """Sign what was added to the log since the last checkpoint."""
        try:
            self._key = self._key or read_signing_key(self._setting)
            self._sign(self._key)
        except UnsoundLogError as error:
            metrics.checkpoint_failures.labels("log").inc()
            logger.error("audit log not signed", cause=str(error))
        except SettingsError as error:
            metrics.checkpoint_failures.labels("key").inc()
            logger.error("audit log not signed", cause=error.message)

    def keep_checkpoints(self) -> None:
        """Write to the file the checkpoints that it lacks."""
        try:
            keep_outside(self._store, path=self._path)
        except (CheckpointFileError, OSError) as error:
            metrics.checkpoint_failures.labels("file").inc()
            logger.error("checkpoint file not written", path=str(self._path), cause=str(error))
            return
        self._beat(KEPT)

    def _sign(self, key: SigningKey) -> None:
        deadline = time.monotonic() + SIGNING_SECONDS
        while time.monotonic() < deadline:
            signing = sign_next(self._store, key=key, path=self._path, now=datetime.now(UTC))
            if signing is None:
                return
            metrics.unsigned_entries.set(signing.left)
            if signing.signed:
                metrics.checkpoints.inc()
                logger.info("audit log signed", entries=signing.size)
            if not signing.left:
                break
        self._beat(SIGNED)

    def _beat(self, process: str) -> None:
        with self._store.write() as connection:
            beat(connection, process=process)
