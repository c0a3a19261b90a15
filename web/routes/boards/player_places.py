"""One player's place on a board; shared by the views of this room."""

from uuid import UUID

from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.reader import RankingNeighborhood, find_neighborhood
from web.boards.global_standings import find_global_neighborhood
from web.routes.boards.board_requests import Asked, find_ranking_of_player
from web.services import services

_NOBODY = RankingNeighborhood(0, (), None, (), None, None)


def find_place(
    asked: Asked,
    user_id: UUID,
    *,
    period: str,
    segment: str | None,
    neighbors: int = 0,
    top_size: int = 0,
) -> tuple[FoundRanking, RankingNeighborhood]:
    """Return the ranking, and the player's standing in it with those around it and the top.

    Raises what `find_ranking_of_player` does, and DatabaseUnavailableError.
    """
    found = find_ranking_of_player(asked, period, segment, user_id)
    if asked.board.is_global:
        return found, find_global_neighborhood(
            services().store, user_id=user_id, neighbors=neighbors, top_size=top_size
        )
    if found.ranking is None:
        return found, _NOBODY
    return found, find_neighborhood(
        services().store,
        ranking=found.ranking,
        user_id=user_id,
        neighbors=neighbors,
        top_size=top_size,
        now=asked.now,
    )
