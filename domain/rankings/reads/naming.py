"""Standings with their players' names: those that Redis does not know come from SQL.

Called by `pages.py` and `reader.py`.
"""

from uuid import UUID

from domain.rankings.reads.standings import RankingStanding, ReadRanking, Span, make_standings
from domain.store.postgres.rankings.reads.lookups import list_names
from domain.store.store import Store


def name_standings(store: Store, ranking: ReadRanking, span: Span) -> tuple[RankingStanding, ...]:
    """Return the rows as readers see them. Raises DatabaseUnavailableError for a missing name."""
    nameless = [row.user_id for row in span.rows if row.username is None]
    names: dict[UUID, str] = {}
    if nameless:
        with store.read() as connection:
            names = list_names(connection, user_ids=nameless)
    return tuple(make_standings(ranking.definition, span, names))
