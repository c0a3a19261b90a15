"""A player's place in a ranking: from the sorted set while it is trusted, else from SQL.

A sealed ranking is read from SQL, as it was in a revision. Called by the API's routes and the live
process; `pages.py` has the pages.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.rankings.definition import BoardDefinition
from domain.rankings.reads.naming import name_standings
from domain.rankings.reads.standings import (
    Bound,
    RankingStanding,
    ReadRanking,
    Surroundings,
    find_gap,
)
from domain.store.answering import set_or_sql
from domain.store.postgres.rankings.reads import standings as sql
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis import ranking_reads as sets
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class RankingNeighborhood:
    """The top, one player's standing and those around it, of one moment.

    `own` and `gap` are None when the player is not there. `rank_at_day_start` is None also when it
    is not known. `gap` is what the value lacks to that of the next better rank; None for the first.
    """

    total: int
    top: tuple[RankingStanding, ...]
    own: RankingStanding | None
    around: tuple[RankingStanding, ...]
    gap: int | float | None
    rank_at_day_start: int | None


def find_neighborhood(
    store: Store,
    *,
    ranking: ReadRanking,
    user_id: UUID,
    neighbors: int,
    top_size: int,
    now: datetime,
) -> RankingNeighborhood:
    """Return the player's standing with up to `neighbors` on either side, and the top.

    Raises DatabaseUnavailableError without both stores.
    """
    day = label_day(ranking.definition, now)
    if ranking.revision:
        found = read_surroundings_from_sql(store, ranking, user_id, neighbors, top_size)
    else:
        found = set_or_sql(
            lambda: sets.find_surroundings(
                store.redis,
                ranking_no=ranking.number,
                order=ranking.order,
                user_id=user_id,
                neighbors=neighbors,
                top_size=top_size,
                day=day,
            ),
            lambda: read_surroundings_from_sql(store, ranking, user_id, neighbors, top_size),
        )
    return describe_surroundings(store, ranking, found)


def describe_surroundings(
    store: Store, ranking: ReadRanking, found: Surroundings
) -> RankingNeighborhood:
    """Return what was found as readers see it. Raises DatabaseUnavailableError for a name."""
    top = name_standings(store, ranking, found.top)
    around = name_standings(store, ranking, found.around)
    if found.own_index is None:
        return RankingNeighborhood(found.total, top, None, around, None, None)
    at = found.own_index - found.around.first_index
    return RankingNeighborhood(
        found.total,
        top,
        around[at],
        around,
        find_gap(ranking.definition, found.around.rows[at].sort_key, found.ahead),
        found.rank_at_day_start or None,
    )


def find_rank_of(store: Store, *, ranking: ReadRanking, bound: Bound) -> tuple[int, int]:
    """Return how many players there are, and the rank that one who comes here would get.

    Raises DatabaseUnavailableError without both stores.
    """
    if ranking.revision:
        return _read_rank_from_sql(store, ranking, bound)
    return set_or_sql(
        lambda: sets.find_rank_of(
            store.redis, ranking_no=ranking.number, order=ranking.order, bound=bound
        ),
        lambda: _read_rank_from_sql(store, ranking, bound),
    )


def label_day(definition: BoardDefinition, now: datetime) -> str:
    """Return the label of the board's local day, by which Redis keeps the start of the day."""
    return now.astimezone(definition.time_zone).date().isoformat()


def read_surroundings_from_sql(
    store: Store, ranking: ReadRanking, user_id: UUID, neighbors: int, top_size: int
) -> Surroundings:
    """Return the top and the rows around the player. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        read_one_moment(connection)
        return sql.find_surroundings(
            connection,
            ranking_no=ranking.number,
            order=ranking.order,
            user_id=user_id,
            neighbors=neighbors,
            top_size=top_size,
            revision=ranking.revision or sql.LATEST,
        )


def _read_rank_from_sql(store: Store, ranking: ReadRanking, bound: Bound) -> tuple[int, int]:
    revision = ranking.revision or sql.LATEST
    with store.read() as connection:
        read_one_moment(connection)
        rank = sql.find_rank_of(
            connection,
            ranking_no=ranking.number,
            order=ranking.order,
            bound=bound,
            revision=revision,
        )
        return sql.count_rows(connection, ranking_no=ranking.number, revision=revision), rank
