"""What a request to read a board asks for: the board, whether the caller may, and the ranking.

Shared by the views of boards.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.errors import (
    BoardBuildingError,
    BoardNotFoundError,
    InvalidPayloadError,
    PeriodNotFoundError,
    UnauthorizedError,
)
from domain.rankings.definition import Readers
from domain.rankings.model import BoardVersion
from domain.rankings.reads import finding
from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.named_periods import CURRENT
from domain.store.postgres.rankings.stored_boards import find_stored_board
from web.boards.directory import ReadableBoard, may_read
from web.boards.global_standings import GLOBAL_RANKING
from web.http.caller import ROLE_ADMIN
from web.http.request_context import current
from web.services import services


@dataclass(frozen=True, slots=True)
class Asked:
    """The board that is asked for, by which caller, and when."""

    board: ReadableBoard
    is_admin: bool
    now: datetime

    @property
    def live(self) -> BoardVersion:
        """The version that is read. Raises BoardBuildingError while there is none."""
        if self.board.live is None:
            progress = find_progress(self.board)
            raise BoardBuildingError(details={"progress": progress}, retry_after_seconds=5)
        return self.board.live


def ask(board_id: str) -> Asked:
    """Return the board of this request.

    Raises BoardNotFoundError also for a board of admins, and UnauthorizedError for one of players
    when the caller has no token.
    """
    is_player, is_admin = read_rights()
    board = services().boards.find(board_id, is_admin=is_admin)
    if not may_read(board, is_player, is_admin):
        if board.definition.readers is Readers.PLAYERS:
            raise UnauthorizedError
        raise BoardNotFoundError
    return Asked(board, is_admin, datetime.now(UTC))


def read_rights() -> tuple[bool, bool]:
    """Return whether the caller has a token, and whether it is one of an admin."""
    caller = current().principal
    return caller is not None, caller is not None and ROLE_ADMIN in caller.roles


def find_progress(board: ReadableBoard) -> float:
    """Return how much of the version that is being built is computed, from 0 to 1."""
    with services().store.read() as connection:
        stored = find_stored_board(connection, board=board.definition.id)
    return round(stored.progress, 4) if stored else 0.0


def find_ranking(asked: Asked, period: str, segment: str | None) -> FoundRanking:
    """Return the ranking that is asked for.

    Raises InvalidPayloadError when a segment is missing or too much, and PeriodNotFoundError.
    """
    is_split = asked.live.definition.segment is not None
    if is_split and segment is None:
        raise refuse_field("segment", "This board is split: name a segment.")
    if segment is not None and not is_split:
        raise refuse_field("segment", "This board is not split.")
    return _find(asked, period, segment or "")


def find_ranking_of_player(
    asked: Asked, period: str, segment: str | None, user_id: UUID
) -> FoundRanking:
    """Return the ranking, of a board that is split and without a segment the player's own one.

    Of a player who is in none, it is the one of the segment "", in which nobody is.
    """
    if segment is None and asked.live.definition.segment is not None:
        segment = finding.find_segment_of(
            services().store, live=asked.live, period=period, user_id=user_id, now=asked.now
        )
        return _find(asked, period, segment or "")
    return find_ranking(asked, period, segment)


def _find(asked: Asked, period: str, segment: str) -> FoundRanking:
    if asked.board.is_global:
        if period not in (CURRENT, GLOBAL_RANKING.period.key):
            raise PeriodNotFoundError
        return GLOBAL_RANKING
    return finding.find_ranking(
        services().store,
        live=asked.live,
        period=period,
        segment=segment,
        now=asked.now,
        is_admin=asked.is_admin,
        remembered=services().boards.rankings,
    )


def refuse_field(field: str, problem: str) -> InvalidPayloadError:
    """Return the error that names what is wrong with a parameter."""
    return InvalidPayloadError(details={"fields": {field: [problem]}})
