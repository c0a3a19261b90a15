"""The board `global` in the form of the other boards; it is read as `GET /api/leaderboard` is.

Called by the views of boards. Without a kept order: a page is what is behind the last one then.
"""

from uuid import UUID

from domain.boards import reader
from domain.boards.model import GLOBAL_BOARD, Place, Standing
from domain.rankings.periods import ALL
from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.reader import RankingNeighborhood
from domain.rankings.reads.standings import RankingStanding
from domain.store.store import Store
from web.boards.cursors import write_board_cursor
from web.boards.directory import GLOBAL_VERSION

GLOBAL_RANKING = FoundRanking(
    GLOBAL_VERSION.version, GLOBAL_VERSION.definition, ALL, "", None, None
)


def read_global_page(
    store: Store, *, after: Place | None, limit: int
) -> tuple[int, list[RankingStanding], str | None]:
    """Return how many players there are, a page of them, and the cursor of the next one.

    Raises DatabaseUnavailableError without both stores.
    """
    if after is None:
        top = reader.read_top(store, board=GLOBAL_BOARD)
        rows, total = top.standings[:limit], top.total_users
    else:
        page = reader.read_page(store, board=GLOBAL_BOARD, after=after, limit=limit)
        rows, total = page.standings, page.total_users
    cursor = write_board_cursor(rows[-1], total_users=total) if rows else None
    return total, [_describe(row) for row in rows], cursor


def find_global_neighborhood(
    store: Store, *, user_id: UUID, neighbors: int, top_size: int
) -> RankingNeighborhood:
    """Return the player's standing, those around it and the top.

    Nothing is known of the start of the day. Raises DatabaseUnavailableError without both stores.
    """
    # The one ahead is needed for the gap.
    found = reader.find_neighborhood(
        store, board=GLOBAL_BOARD, user_id=user_id, neighbors=max(1, neighbors)
    )
    own = found.own
    top = tuple(_describe(row) for row in found.top.standings[:top_size])
    if own is None:
        return RankingNeighborhood(found.top.total_users, top, None, (), None, None)
    ahead = [row for row in found.around if row.rank == own.rank - 1]
    return RankingNeighborhood(
        found.top.total_users,
        top,
        _describe(own),
        tuple(_describe(row) for row in found.around if abs(row.rank - own.rank) <= neighbors),
        ahead[0].score - own.score if ahead else None,
        None,
    )


def _describe(row: Standing) -> RankingStanding:
    return RankingStanding(row.rank, row.user_id, row.username, row.score, (), row.last_update)
