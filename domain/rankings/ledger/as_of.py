"""What the ledger gives as of a moment: rows, checksums and tops, with nothing to compare them to.

Called by `flask ledger replay --until`. Two runs agree, whatever happens between them, as long as
no action that was accepted before the moment is decided on.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.rankings.counting import BoardRule
from domain.rankings.folding import PlayerTallies, to_display
from domain.rankings.ledger.comparing import Side
from domain.rankings.ledger.existing import ExistingRankings
from domain.rankings.ledger.made_boards import list_lines
from domain.rankings.ledger.made_scores import MadeScore
from domain.rankings.ledger.replaying import SCORES, fold_players, list_rules, open_ledger
from domain.rankings.periods import period_at
from domain.store.postgres.rankings.ledger.actions import Span
from domain.store.postgres.rankings.ledger.stored_rows import list_rankings
from domain.store.store import Store

TOP_SIZE = 10
_TICK = timedelta(microseconds=1)


@dataclass(slots=True)
class AsOf:
    """One projection as of a moment; `tops` has by segment the first players with their values.

    Of a board with periods the tops are those of the one that the moment ends or is in.
    """

    name: str
    rows: Side = field(default_factory=Side)
    period_key: str | None = None
    tops: dict[str, list[tuple[Any, str, int | float]]] = field(default_factory=dict)

    def rank(self, segment: str, key: Any, user_id: str, value: int | float) -> None:
        """Put a player into the top of a segment, if the key is small enough for it."""
        top = self.tops.setdefault(segment, [])
        if len(top) < TOP_SIZE or (key, user_id) < top[-1][:2]:
            insort(top, (key, user_id, value))
            del top[TOP_SIZE:]


def replay_until(
    store: Store, *, archive_path: Path, until: datetime, board: BoardId | None = None
) -> list[AsOf]:
    """Return what the actions that were accepted before a moment come to.

    Definitions, joins, attributes and bans are those of now. Raises NotFoundError for an unknown
    board, ArchiveUnreadableError and DatabaseUnavailableError.
    """
    with open_ledger(store) as connection:
        rules = list_rules(connection, board=board)
        scores = AsOf(SCORES) if board in (None, GLOBAL_BOARD) else None
        boards = {rule.version.number: _begin(rule, until) for rule in rules}
        existing = ExistingRankings(rules, list_rankings(connection, version_nos=list(boards)))
        for user_id, score, found in fold_players(
            connection,
            rules,
            archive_path=archive_path,
            span=Span(until=until),
            now=until - _TICK,
        ):
            if scores and (line := score.line):
                scores.rows.take((user_id,), line)
                if not score.is_withheld:
                    scores.rank("", _order(score), user_id, score.score.score)
            _take_boards(boards, rules, existing, user_id, found)
    return [*([scores] if scores else []), *boards.values()]


def _begin(rule: BoardRule, until: datetime) -> AsOf:
    period = period_at(rule.definition, until - _TICK)
    return AsOf(f"board {rule.definition.id}", period_key=period.key if period else None)


def _order(score: MadeScore) -> tuple[int, int]:
    return -score.score.score, score.score.reached_seq or 0


def _take_boards(
    boards: dict[int, AsOf],
    rules: Sequence[BoardRule],
    existing: ExistingRankings,
    user_id: str,
    found: PlayerTallies,
) -> None:
    by_number = {rule.version.number: rule for rule in rules}
    for key, line, tally, order in list_lines(by_number, found):
        if existing.leave_out(key):
            continue
        board = boards[key.version_no]
        board.rows.take((user_id, key.period_key, key.segment), line)
        if key.period_key == board.period_key:
            definition = by_number[key.version_no].definition
            board.rank(key.segment, order, user_id, to_display(definition, tally.value))
