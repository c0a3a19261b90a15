"""Baselining: what actions of each type are like over all players, made by the keeper."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from domain.fraud.baseline import Baseline, BaselineRow, baseline_of
from domain.store.postgres.fraud.baselines import (
    delete_old_baselines,
    list_baselines,
    read_last_number,
    sample_actions,
    write_baselines,
)
from domain.store.postgres.fraud.policies import raise_revision
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

SAMPLED_ROWS = 100_000
SAMPLED_EACH = 5_000
MOST_TYPES = 200
# A busy system fills the sample from its last hour; a quiet one is looked at for a week.
WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
# Fewer new actions change no baseline that anybody would notice.
NEW_ACTIONS = 500


def renew_baselines(store: Store, *, known_number: int | None, now: datetime) -> int | None:
    """Make the baselines of recent actions; return the number of the newest action then.

    `known_number` is what it returned the last time; None, and nothing is done, when too few
    actions have come since. Every process reads baselines that have changed with its next batch.
    Raises DatabaseUnavailableError.
    """
    with store.read() as connection:
        last_number = read_last_number(connection)
        if known_number is not None and last_number - known_number < NEW_ACTIONS:
            return None
        made = _make(connection, now)
    with store.write() as connection:
        changed = _choose_changed(made, _read_known(connection))
        if changed:
            written = {kind: baseline.to_json() for kind, baseline in changed.items()}
            write_baselines(connection, baselines=written)
        deleted = delete_old_baselines(connection, before=now - WINDOWS[-1])
        if changed or deleted:
            raise_revision(connection)
    logger.info("baselines renewed", types=len(made), changed=len(changed), deleted=deleted)
    return last_number


def _make(connection: Connection, now: datetime) -> dict[str, Baseline]:
    """Return the baselines of the sample; of the shortest window that fills it."""
    rows: defaultdict[str, list[BaselineRow]] = defaultdict(list)
    for window in WINDOWS:
        rows.clear()
        sample = sample_actions(
            connection,
            since=now - window,
            rows=SAMPLED_ROWS,
            types=MOST_TYPES,
            each=SAMPLED_EACH,
        )
        for kind, score, duration_ms, interval_ms in sample:
            rows[kind].append(BaselineRow(score, duration_ms, interval_ms))
        are_full = bool(rows) and all(len(found) >= SAMPLED_EACH for found in rows.values())
        if are_full or len(sample) >= SAMPLED_ROWS:
            break
    made = {kind: baseline_of(found) for kind, found in rows.items()}
    return {kind: baseline for kind, baseline in made.items() if baseline is not None}


def _read_known(connection: Connection) -> dict[str, Baseline]:
    """Return the stored baselines, without those that cannot be read."""
    known: dict[str, Baseline] = {}
    for kind, value in list_baselines(connection):
        try:
            known[kind] = Baseline.from_json(value)
        except ValueError:
            continue
    return known


def _choose_changed(
    made: Mapping[str, Baseline], known: Mapping[str, Baseline]
) -> dict[str, Baseline]:
    """Return what is to be written: a few new actions do not take the place of many."""
    return {
        kind: baseline
        for kind, baseline in made.items()
        if baseline != known.get(kind)
        and (baseline.is_known or kind not in known or not known[kind].is_known)
    }
