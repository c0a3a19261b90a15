"""The rows around players of a board's part, in the ranking that it shows now."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.boards.model import AroundAsked
from domain.events.following import BoardPart, CurrentRanking
from domain.rankings.reads.followed import find_neighborhoods
from domain.rankings.reads.reader import RankingNeighborhood
from domain.store.store import Store
from web.live.boards import encoding
from web.live.boards.around import Around
from web.live.channel_names import around_channel
from web.live.outgoing import Message

NOBODY = RankingNeighborhood(0, (), None, (), None, None)


class RankingAround:
    """An AroundSource of a part of a board; `find_current` says what the part shows."""

    def __init__(self, store: Store, part: BoardPart, find_current: Callable[[], CurrentRanking]):
        self.channel = around_channel(part.board)
        self._store = store
        self._part = part
        self._find_current = find_current

    def read(self, asked: Sequence[AroundAsked]) -> list[Around | None]:
        """Return the rows around these players. Raises DatabaseUnavailableError."""
        current = self._find_current()
        ranking = current.ranking
        if ranking is None:
            return [_describe("nobody", current, NOBODY) for _ in asked]
        # A mark of one ranking says nothing of another one, which may be as empty.
        prefix = f"{ranking.number}:"
        asked = [
            replace(each, mark=each.mark.removeprefix(prefix))
            if each.mark.startswith(prefix)
            else replace(each, mark="")
            for each in asked
        ]
        return [
            _describe(prefix + each.mark if each.mark else "", current, each.found)
            if each
            else None
            for each in find_neighborhoods(self._store, ranking=ranking, asked=asked)
        ]

    def encode(self, event: str, around: Around, at: datetime) -> Message:
        """Return the message with these rows."""
        current, found = around.rows
        return encoding.around(event, self._part, current, found, at)


def _describe(mark: str, current: CurrentRanking, found: RankingNeighborhood) -> Around:
    # Another event is not made by how many players there are in all.
    shown = current.version.number, current.period, found.own, found.gap, found.around
    return Around(mark, shown, (current, found))
