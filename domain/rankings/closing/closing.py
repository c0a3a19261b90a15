"""Closing: a period that is over is sealed, its order once and for all, and its rewards granted.

Three steps, each of which any process may repeat at any time: the revision begins, its rows are
hashed, the seal is stored. Called by the keeper; see docs/boards.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import structlog

from domain.audit.hash_chain import chain_seal
from domain.errors import DatabaseUnavailableError, RedisUnavailableError
from domain.events.closed_periods import MOST_REWARDS, encode_period_closed
from domain.rankings.closing.resting import RestingRankings
from domain.rankings.closing.sealing import Digest, Seal, describe_seal, digest_rows, seal_id
from domain.rankings.closing.winners import Winner, list_winners
from domain.rankings.periods import period_at
from domain.store.postgres.audit import insert_entry, lock_head
from domain.store.postgres.rankings.closing.revisions import iterate_revision
from domain.store.postgres.rankings.closing.rewards import insert_rewards, is_to_grant
from domain.store.postgres.rankings.closing.seals import (
    REVISION_PAUSE_SECONDS,
    BegunRanking,
    begin_revisions,
    insert_seal,
    list_begun,
    list_changed,
    list_unsealed,
)
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.redis.bus import publish_period_closed
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

_CHUNK_WINNERS = 1000


@dataclass(frozen=True, slots=True)
class ClosedRanking:
    """A seal that was stored, of which ranking, how many rewards were granted and the first."""

    begun: BegunRanking
    seal: Seal
    rewards: int = 0
    winners: Sequence[Winner] = ()


def close_due(store: Store, *, resting: RestingRankings | None = None) -> Iterator[ClosedRanking]:
    """Seal every ranking whose period is over, and yield each seal that this call has stored.

    Cheap when nothing is due. A ranking that fails does not keep the others from being sealed, and
    is `resting` in the next calls. Raises DatabaseUnavailableError.
    """
    resting = resting or RestingRankings()
    with store.write() as connection:
        due, begun = list_unsealed(connection, resting=resting.list())
    if due:
        begun += begin(store, ranking_nos=due)
    yield from seal_begun(store, ranking_nos=begun, resting=resting)


def close_changed(
    store: Store,
    *,
    pause_seconds: float = REVISION_PAUSE_SECONDS,
    resting: RestingRankings | None = None,
) -> Iterator[ClosedRanking]:
    """Seal a further revision of rankings that late decisions have changed; else as `close_due`."""
    with store.write() as connection:
        changed = list_changed(connection, pause_seconds=pause_seconds)
    if changed:
        begun = begin(store, ranking_nos=changed)
        yield from seal_begun(store, ranking_nos=begun, resting=resting)


def begin(store: Store, *, ranking_nos: Sequence[int]) -> list[int]:
    """Let the next revision of these rankings begin where it is due; return those where it did.

    From its commit on, the revision never changes: see `revisions.py`.
    """
    with store.write() as connection:
        return begin_revisions(connection, ranking_nos=ranking_nos)


def seal_begun(
    store: Store, *, ranking_nos: Sequence[int], resting: RestingRankings | None = None
) -> Iterator[ClosedRanking]:
    """Hash the begun revisions of these rankings, store their seals and yield them."""
    if not ranking_nos:
        return
    resting = resting or RestingRankings()
    with store.write() as connection:
        begun_rankings = list_begun(connection, ranking_nos=ranking_nos)
    # Not understood here, or sealed by another process meanwhile: soon there is nothing to do.
    for number in set(ranking_nos).difference(begun.ranking_no for begun in begun_rankings):
        resting.add(number)
    for begun in begun_rankings:
        closed = _try_seal(store, begun, resting)
        if closed is not None:
            yield closed


def _try_seal(store: Store, begun: BegunRanking, resting: RestingRankings) -> ClosedRanking | None:
    """Seal the ranking; let it rest when it fails for a reason of its own."""
    try:
        return store_seal(store, begun=begun, digest=digest_revision(store, begun=begun))
    except Exception as error:  # the periods of other boards do not depend on this one
        if isinstance(error, DatabaseUnavailableError) and not error.is_timeout:
            raise
        logger.exception("ranking not sealed", ranking=begun.ranking_no, board=begun.board)
        resting.add(begun.ranking_no)
        return None


def digest_revision(store: Store, *, begun: BegunRanking) -> Digest:
    """Return what the begun revision comes to."""
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        return digest_rows(iterate_revision(connection, begun.ranking_no, begun.revision))


def store_seal(store: Store, *, begun: BegunRanking, digest: Digest) -> ClosedRanking | None:
    """Store the seal, its entry in the audit log and the rewards, all or nothing.

    Returns None when the seal was there already.
    """
    with store.write() as connection:
        sealed_at = insert_seal(connection, begun=begun, digest=digest)
        if sealed_at is None:
            return None
        seal = Seal(begun.ranking_no, begun.revision, digest, sealed_at)
        rewards, winners = _grant(connection, begun, seal) if begun.revision == 1 else (0, [])
        # Last: until the commit no batch is audited.
        _record(connection, begun, seal)
    return ClosedRanking(begun, seal, rewards, winners)


def announce(store: Store, *, closed: ClosedRanking, now: datetime) -> bool:
    """Tell the listeners of the board; return False while Redis is away, which loses nothing."""
    begun = closed.begun
    running = period_at(begun.definition, now)
    message = encode_period_closed(
        board=begun.board,
        period=begun.period_key,
        segment=begun.segment,
        seal=closed.seal,
        next_period=running.key if running else None,
        winners=closed.winners,
    )
    try:
        publish_period_closed(store.redis, message=message)
    except RedisUnavailableError:
        return False
    return True


def _grant(connection: Connection, begun: BegunRanking, seal: Seal) -> tuple[int, list[Winner]]:
    """Grant the rewards of the first revision; return how many, and the first of them."""
    definition = begun.definition
    if not definition.rewards or not is_to_grant(connection, ranking_no=begun.ranking_no):
        return 0, []
    allow_long_queries(connection)
    winners = list_winners(
        iterate_revision(connection, begun.ranking_no, begun.revision),
        total=seal.digest.rows,
        ties=definition.ties,
        rewards=definition.rewards,
    )
    granted, first = 0, list[Winner]()
    while chunk := list(islice(winners, _CHUNK_WINNERS)):
        insert_rewards(connection, begun=begun, winners=chunk, granted_at=seal.sealed_at)
        granted += len(chunk)
        first = first or chunk[:MOST_REWARDS]
    return granted, first


def _record(connection: Connection, begun: BegunRanking, seal: Seal) -> None:
    said = describe_seal(seal) | {
        "board": begun.board,
        "boardVersion": begun.version,
        "period": begun.period_key,
        "periodStart": begun.period_start,
        "periodEnd": begun.period_end,
        "segment": begun.segment,
        "sealedAt": seal.sealed_at,
    }
    entry = chain_seal(
        said,
        seal_id=str(seal_id(begun.ranking_no, begun.revision)),
        head=lock_head(connection),
    )
    insert_entry(connection, entry=entry)
