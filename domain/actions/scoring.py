"""Scoring: the second link, and the one atomic update of scores.

Exactly once: a batch is applied in the transaction that moves it on, and an action is in one batch.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from domain.actions.effects import NO_EFFECTS, Effects, apply_actions
from domain.actions.model import LinkOutcome, Status
from domain.actions.reversal import Reversal, reverse_action
from domain.errors import TransientError
from domain.rankings.batch_counts import Projection
from domain.rankings.catalog import Catalog, CatalogCache
from domain.rankings.model import CountedAction
from domain.rankings.projection import project_batch
from domain.rankings.written_rows import WrittenRows
from domain.store.postgres.actions.score_locks import LockedScores, lock_scores
from domain.store.postgres.actions.scoring import (
    LockedEntry,
    lock_entry,
    read_facts,
    write_effects,
)
from domain.store.postgres.moderation.cases import open_cases
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """What the link did, and what it changed."""

    link: LinkOutcome
    effects: Effects = NO_EFFECTS


# Longer than another batch holds a player's score, on a slow disk too.
LOCK_WAIT_MS = 300


def score_batch(
    store: Store,
    *,
    batch_id: UUID,
    catalogs: CatalogCache | None = None,
    written_rows: WrittenRows | None = None,
    archive_path: Path = Path(),
    stalled: bool = True,
    lock_wait_ms: int = LOCK_WAIT_MS,
) -> ScoringOutcome:
    """Apply the batch in one transaction: statuses, scores, statistics, boards, the stage SCORED.

    Unless `stalled`, only a batch that the keeper has not found stalled. Raises DatabaseLockedError
    when a player's score stays locked for `lock_wait_ms`, DatabaseUnavailableError, and
    TransientError when another transaction changed an action of the batch; nothing is changed then.
    What a moderator takes back is taken back, see `reversal.py`; `archive_path` is for that.
    """
    cache = catalogs or CatalogCache()
    done = _score_batch(store, batch_id, cache, written_rows, stalled, lock_wait_ms)
    if isinstance(done, ScoringOutcome):
        return done
    reversal = Reversal(batch_id, done, cache, archive_path, stalled, lock_wait_ms)
    effects = reverse_action(store, reversal)
    if effects is None:
        return ScoringOutcome(LinkOutcome.NOT_ITS_TURN)
    return ScoringOutcome(LinkOutcome.MOVED, effects)


def _score_batch(
    store: Store,
    batch_id: UUID,
    catalogs: CatalogCache,
    written_rows: WrittenRows | None,
    stalled: bool,
    lock_wait_ms: int,
) -> ScoringOutcome | CountedAction:
    """Apply the batch; return its action instead, and change nothing, if that is taken back."""
    with store.write() as connection:
        entry = lock_entry(
            connection, batch_id=batch_id, stalled=stalled, lock_wait_ms=lock_wait_ms
        )
        if entry is None:
            return ScoringOutcome(LinkOutcome.NOT_ITS_TURN)
        if entry.is_reversal:
            return read_facts(connection, entry=entry, with_metadata=True)[0]
        users = sorted({action.user_id for action in entry.actions})
        locked = lock_scores(connection, user_ids=users)
        effects = apply_actions(entry.actions, locked.scores)
        catalog = catalogs.find(connection, revision=locked.boards_revision)
        projection = _project(connection, catalog, entry, effects, locked)
        # Before the actions are written: a decision locks the case, then its action.
        open_cases(connection, user_ids=_list_held(entry, effects))
        written = write_effects(
            connection,
            entry=entry,
            effects=effects,
            uncounted=projection.uncounted,
            rankings=projection.rankings,
        )
        if written != len(effects.actions):
            raise TransientError("another transaction changed an action of the batch")
    catalog.remember(projection.made)
    if written_rows is not None and projection.rows:
        written_rows.keep(batch_id, projection.rows)
    return ScoringOutcome(LinkOutcome.MOVED, effects)


def _list_held(entry: LockedEntry, effects: Effects) -> list[str]:
    """Return the players of the actions that are held from now on."""
    return [
        action.user_id
        for action, effect in zip(entry.actions, effects.actions, strict=True)
        if effect.status is Status.QUARANTINED
    ]


def _project(
    connection: Connection,
    catalog: Catalog,
    entry: LockedEntry,
    effects: Effects,
    locked: LockedScores,
) -> Projection:
    """Bring the batch's applied actions to the boards that are data, if there are any.

    Those of banned players wait in the ledger for the end of the ban.
    """
    if not (catalog.rules and effects.users):
        return Projection()
    facts = read_facts(connection, entry=entry, with_metadata=catalog.needs_metadata)
    applied = [
        fact
        for fact, effect in zip(facts, effects.actions, strict=True)
        if effect.status is Status.APPLIED and fact.user_id not in locked.withheld
    ]
    return project_batch(connection, catalog=catalog, actions=applied, now=locked.now)
