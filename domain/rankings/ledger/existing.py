"""What of the ledger counts in no ranking: its segments came when their period had enough of them.

Called by what makes rankings again. Scoring has left the same out: a place that is full stays so.
"""

from collections import Counter
from collections.abc import Iterable

from domain.rankings.counting import BoardRule
from domain.rankings.model import RankingKey
from domain.store.postgres.rankings import numbers
from domain.store.postgres.rankings.ledger.stored_rows import StoredRanking


def bounded_versions(rules: Iterable[BoardRule]) -> set[int]:
    """Return the versions whose periods have a bounded number of segments."""
    return {rule.version.number for rule in rules if rule.definition.is_split_by_metadata}


class ExistingRankings:
    """All rankings of some versions, removed ones too, as of one moment."""

    def __init__(self, rules: Iterable[BoardRule], rankings: Iterable[StoredRanking]):
        bounded = bounded_versions(rules)
        self._keys = {each.key for each in rankings if each.key.version_no in bounded}
        counts = Counter(key[:2] for key in self._keys)
        self._full = {place for place, count in counts.items() if count >= numbers.MAX_SEGMENTS}

    def leave_out(self, key: RankingKey) -> bool:
        """Return whether the ranking does not exist and never will."""
        return key[:2] in self._full and key not in self._keys
