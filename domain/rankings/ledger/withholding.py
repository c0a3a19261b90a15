"""Withholding: a ban takes a player's rows off all boards, and its end makes them again.

Called by `domain/moderation`. The rows are of the ledger, so the end gives what there would be
without the ban: actions that were scored meanwhile count, and buckets that have left do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from domain.rankings.counting import BoardRule
from domain.rankings.definition import PeriodKind
from domain.rankings.folding import Place, sort_key
from domain.rankings.ledger.existing import bounded_versions
from domain.rankings.ledger.folded import FoldedPlayer, fold, kept_since
from domain.rankings.ledger.reading import ArchiveReader, group_by_player, id_before
from domain.rankings.model import RankingKey
from domain.rankings.periods import period_at
from domain.store.postgres.rankings.buckets import write_buckets
from domain.store.postgres.rankings.catalog import list_counted_versions, read_catalog
from domain.store.postgres.rankings.ledger.actions import (
    LedgerPlayer,
    Span,
    find_player,
    hold_months,
    iterate_applied,
)
from domain.store.postgres.rankings.ledger.built_rows import (
    BuiltRow,
    clear_buckets,
    write_built_rows,
)
from domain.store.postgres.rankings.ledger.stored_rows import find_live_since
from domain.store.postgres.rankings.numbers import KnownRanking, make_rankings
from domain.store.postgres.rankings.rows import keep_revisions
from domain.store.postgres.rankings.withheld import (
    TakenRanking,
    delete_player_buckets,
    delete_player_rows,
    list_filled_rankings,
    list_taken_rankings,
)
from domain.store.postgres.transactions import read_clock, read_one_moment
from domain.store.store import Connection

Numbers = Mapping[RankingKey, KnownRanking]


def take_rows(connection: Connection, *, user_id: UUID) -> tuple[int, ...]:
    """Delete the player's rows of all boards, and return the rankings that have had one.

    Sealed rankings keep what they were. The transaction holds the catalog's shared lock and the
    player's score.
    """
    versions = list_counted_versions(connection)
    numbers = list_filled_rankings(
        connection, user_id=user_id, version_nos=[version.number for version in versions]
    )
    keep_revisions(connection, keys=[(number, str(user_id)) for number in numbers])
    delete_player_rows(connection, user_id=user_id, ranking_nos=numbers)
    rolling = [
        version.number
        for version in versions
        if version.definition.period.kind is PeriodKind.ROLLING
    ]
    delete_player_buckets(connection, user_id=user_id, version_nos=rolling)
    return tuple(numbers)


@dataclass(frozen=True, slots=True)
class WithheldPlayer:
    """What a withheld player would have on all boards, as of one moment and one catalog.

    `live_since` knows since when each version counts as the live one.
    """

    player: LedgerPlayer
    revision: int
    rules: Sequence[BoardRule]
    folded: FoldedPlayer
    live_since: Mapping[int, datetime]
    now: datetime


def fold_withheld(
    connection: Connection,
    *,
    user_id: UUID,
    taken: Sequence[int],
    archive_path: Path,
) -> WithheldPlayer:
    """Fold the actions of a player, who has a score, as if there were no ban.

    The transaction's first work; it holds no lock, because many actions take their time. `taken`
    are the rankings that the ban has taken rows of. Raises ArchiveUnreadableError.
    """
    read_one_moment(connection)
    hold_months(connection)
    now = read_clock(connection)
    revision, versions = read_catalog(connection)
    player = find_player(connection, user_id=user_id)
    assert player is not None
    rules = [BoardRule(version) for version in versions]
    live_since = find_live_since(connection)
    kept = list_taken_rankings(connection, ranking_nos=taken)
    span = Span(since=_earliest(rules, kept, live_since, now))
    with_metadata = any(rule.definition.reads_metadata for rule in rules)
    # Both are read from behind the id before the player's, some actions at a time.
    before = id_before(user_id)
    archived = ArchiveReader(archive_path, span=span).take(connection, after=before, last=user_id)
    live = iterate_applied(
        connection, after=before, last=user_id, span=span, with_metadata=with_metadata
    )
    shown = player._replace(is_withheld=False)
    (folded,) = [
        fold(rules, shown, actions, now=now)
        for _, actions in group_by_player([player], archived, live)
    ]
    return WithheldPlayer(player, revision, rules, folded, live_since, now)


def _earliest(
    rules: Sequence[BoardRule],
    taken: Sequence[TakenRanking],
    live_since: Mapping[int, datetime],
    now: datetime,
) -> datetime | None:
    """Return since when actions matter: to what boards keep, and to what was there; None: ever."""
    numbers = {rule.version.number for rule in rules}
    starts = [kept_since(rule.definition, now) for rule in rules]
    starts += [each.period_start for each in taken if each.key.version_no in numbers]
    for rule in rules:
        live_at = live_since.get(rule.version.number)
        if live_at is not None and rule.definition.period.kind is not PeriodKind.ROLLING:
            period = period_at(rule.definition, live_at)
            starts += [period.start] if period else []
    return None if None in starts else min(filter(None, starts), default=None)


def return_rows(
    connection: Connection, *, found: WithheldPlayer, taken: Sequence[int]
) -> tuple[int, ...]:
    """Write the player's rows as they were folded, and return the rankings that have one now.

    The transaction holds the catalog's shared lock and the player's score, and nothing that was
    folded has changed.
    """
    kept = {each.key for each in list_taken_rankings(connection, ranking_nos=taken)}
    places = [place for place in found.folded.found.tallies if _is_kept(found, place, kept)]
    numbers = make_rankings(
        connection,
        wanted={_key(place): (place[1].start, place[1].end) for place in places},
        bounded=bounded_versions(found.rules),
    )
    numbers = {key: ranking for key, ranking in numbers.items() if not ranking.is_removed}
    rows = list(_list_rows(found, numbers))
    # As in scoring, before they change: the player had no row at the last seal, or has it again.
    keep_revisions(connection, keys=[(row.ranking_no, row.user_id) for row in rows])
    write_built_rows(connection, rows=rows)
    _return_buckets(connection, found, numbers)
    return tuple(row.ranking_no for row in rows)


def _is_kept(found: WithheldPlayer, place: Place, kept: set[RankingKey]) -> bool:
    """Return whether the player may have a row of this period, which the board kept so far.

    Or would have got one for an action of it that was decided on late, during the ban.
    """
    (rule,) = (rule for rule in found.rules if rule.version.number == place[0])
    since, live_at = kept_since(rule.definition, found.now), found.live_since.get(place[0])
    end = place[1].end
    if since is None or end is None or end > since or _key(place) in kept:
        return True
    return live_at is not None and end > live_at


def _list_rows(found: WithheldPlayer, numbers: Numbers) -> Iterator[BuiltRow]:
    definitions = {rule.version.number: rule.definition for rule in found.rules}
    for place, tally in found.folded.found.tallies.items():
        if ranking := numbers.get(_key(place)):
            yield BuiltRow(
                ranking.number,
                str(found.player.user_id),
                tally,
                sort_key(definitions[place[0]], tally),
                found.folded.accepted[tally.reached_seq],
            )


def _return_buckets(connection: Connection, found: WithheldPlayer, numbers: Numbers) -> None:
    user = str(found.player.user_id)
    buckets = {
        (ranking.number, bucket_at, user): tally
        for (place, bucket_at), tally in found.folded.found.buckets.items()
        if (ranking := numbers.get(_key(place)))
    }
    if buckets:
        rolling = sorted({number for number, _, _ in buckets})
        clear_buckets(connection, ranking_nos=rolling, user_ids=[user])
        write_buckets(connection, buckets=buckets)


def _key(place: Place) -> RankingKey:
    version_no, period, segment = place
    return RankingKey(version_no, period.key, segment)
