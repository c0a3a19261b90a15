"""Replays: every projection is made of the ledger and the archives again, and compared.

Called by `flask ledger replay`, and for the boards by verification. Nothing is written: players are
folded one after the other beside what is stored, in one snapshot, so that memory is bounded by the
actions of one player.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.errors import NotFoundError
from domain.rankings.counting import BoardRule
from domain.rankings.folding import PlayerTallies, fold_player
from domain.rankings.ledger.comparing import ByPlayer, Comparison
from domain.rankings.ledger.folded import kept_since
from domain.rankings.ledger.made_boards import EXPIRY_LAG, BoardStreams, MadeBoards
from domain.rankings.ledger.made_scores import MadeScore, stored_line
from domain.rankings.ledger.made_seals import MadeSeals
from domain.rankings.ledger.reading import ArchiveReader, iterate_ledger
from domain.rankings.model import VersionState
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.ledger.actions import (
    EVER,
    Span,
    hold_months,
    pause_archiving,
)
from domain.store.postgres.rankings.ledger.scratch import list_last_seals
from domain.store.postgres.rankings.ledger.stored_rows import (
    StoredScore,
    find_live_since,
    iterate_buckets,
    iterate_rows,
    iterate_scores,
    list_rankings,
)
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Connection, Store

SCORES = "scores"


def replay(store: Store, *, archive_path: Path, board: BoardId | None = None) -> list[Comparison]:
    """Make scores, statistics and every live board again, and compare; or one board alone.

    The scores are the board `global`. Raises NotFoundError for an unknown board,
    ArchiveUnreadableError and DatabaseUnavailableError.
    """
    with open_ledger(store) as connection, store.write() as scratch:
        rules = list_rules(connection, board=board)
        return compare(
            connection,
            rules,
            archive_path=archive_path,
            with_scores=board in (None, GLOBAL_BOARD),
            scratch=scratch,
        )


@contextmanager
def open_ledger(store: Store) -> Iterator[Connection]:
    """Open one snapshot of the ledger, whatever is archived meanwhile; for hours if need be."""
    with store.write() as connection:
        read_one_moment(connection)
        hold_months(connection)
        pause_archiving(connection)
        allow_long_queries(connection)
        yield connection


def list_rules(connection: Connection, *, board: BoardId | None = None) -> list[BoardRule]:
    """Return the live versions, of all boards or of one; raises NotFoundError."""
    versions = list_counted_versions(connection)
    live = [version for version in versions if version.state is VersionState.LIVE]
    if board is None:
        return [BoardRule(version) for version in live]
    rules = [BoardRule(version) for version in live if version.definition.id == board]
    if not rules and board != GLOBAL_BOARD:
        raise NotFoundError("There is no such board, or its first version is being built")
    return rules


def compare(
    connection: Connection,
    rules: Sequence[BoardRule],
    *,
    archive_path: Path,
    with_scores: bool,
    scratch: Connection | None = None,
) -> list[Comparison]:
    """Compare the boards of these rules, and the scores if wanted, with the whole ledger.

    With a connection for scratch the last seals too.
    """
    now = datetime.now(UTC)
    rankings = list_rankings(connection, version_nos=[rule.version.number for rule in rules])
    boards = MadeBoards(rules, rankings, live_since=find_live_since(connection), now=now)
    seals = None
    if scratch is not None:
        numbers = boards.ranking_nos
        seals = MadeSeals(scratch, list_last_seals(connection, ranking_nos=numbers))
        boards.on_made = seals.take
    streams = BoardStreams(
        ByPlayer(iterate_rows(connection, ranking_nos=boards.ranking_nos)),
        ByPlayer(iterate_buckets(connection, ranking_nos=boards.rolling_nos)),
    )
    scores = ScoreComparison(connection) if with_scores else None
    span = EVER if with_scores else Span(since=_earliest(rules, now))
    for user_id, score, found in fold_players(
        connection,
        rules,
        archive_path=archive_path,
        span=span,
        now=now - EXPIRY_LAG,
    ):
        boards.compare(user_id, found, streams)
        if scores:
            scores.compare(user_id, score)
    boards.compare_strangers(streams, before=None)
    if scores:
        scores.compare_strangers(None)
    return [
        *([scores.comparison] if scores else []),
        *boards.comparisons.values(),
        *([seals.compare(boards.names)] if seals and rules else []),
    ]


def fold_players(
    connection: Connection,
    rules: Sequence[BoardRule],
    *,
    archive_path: Path,
    span: Span,
    now: datetime,
) -> Iterator[tuple[str, MadeScore, PlayerTallies]]:
    """Yield every player in order of id with what the actions of the span come to."""
    archives = ArchiveReader(archive_path, span=span)
    with_metadata = any(rule.definition.reads_metadata for rule in rules)
    players = iterate_ledger(connection, archives, span=span, with_metadata=with_metadata)
    for player, actions in players:
        score = MadeScore(is_withheld=player.is_withheld)
        if rules and not player.is_withheld:
            found = fold_player(rules, score.watch(actions), player.facts, now=now)
        else:
            found = PlayerTallies()
            deque(score.watch(actions), maxlen=0)
        yield str(player.user_id), score, found


class ScoreComparison:
    """Compares the scores and statistics of each player with those that the ledger gives."""

    def __init__(self, connection: Connection):
        self.comparison = Comparison(SCORES)
        self._stored: ByPlayer[StoredScore] = ByPlayer(iterate_scores(connection))

    def compare(self, user_id: str, made: MadeScore) -> None:
        """Compare the next player."""
        self.compare_strangers(user_id)
        stored = self._stored.take(user_id)
        line = stored_line(stored[0]) if stored else None
        self.comparison.take((user_id,), made.line, line)

    def compare_strangers(self, before: str | None) -> None:
        """Name the rows of players before this one who are not in the ledger; None: of all."""
        for row in self._stored.take_before(before):
            self.comparison.take((row.user_id,), None, stored_line(row))


def _earliest(rules: Sequence[BoardRule], now: datetime) -> datetime | None:
    """Return since when actions matter to any of the boards; None when all do."""
    starts = [kept_since(rule.definition, now - EXPIRY_LAG) for rule in rules]
    return None if None in starts else min(filter(None, starts), default=None)
