"""The keeper's upkeep of what fraud detection compares actions with."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from domain.fraud.baselining import renew_baselines
from domain.store.store import Store

RENEW_SECONDS = 600.0


class FraudDuties:
    """The duties, with what the last round has found."""

    def __init__(self, store: Store):
        self._store = store
        self._known_number: int | None = None

    @property
    def duties(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """The duties with their pauses in seconds, for a schedule."""
        return [(RENEW_SECONDS, self.renew_baselines)]

    def renew_baselines(self) -> None:
        """Make new baselines of action types, once enough actions have come."""
        number = renew_baselines(
            self._store, known_number=self._known_number, now=datetime.now(UTC)
        )
        self._known_number = self._known_number if number is None else number
