"""What one request may read of the ledger, and how much it may compare."""

from domain.errors import HistoryTooLargeError

MAX_ACTIONS = 200_000
MAX_COMPARISONS = 5_000_000


class Budget:
    """What is left of it."""

    def __init__(self) -> None:
        self._actions = MAX_ACTIONS
        self._comparisons = MAX_COMPARISONS

    @property
    def limit(self) -> int:
        """One action more than may be read: then it is too much."""
        return self._actions + 1

    def take_actions(self, actions: int) -> None:
        """Use so much of it; raises HistoryTooLargeError."""
        self._actions -= actions
        if self._actions < 0:
            raise HistoryTooLargeError

    def take_comparisons(self, moments: int, players: int) -> None:
        """Use so much of it: each player at each moment; raises HistoryTooLargeError."""
        self._comparisons -= moments * players
        if self._comparisons < 0:
            raise HistoryTooLargeError
