"""What may not happen to a season that has been sealed."""

from collections.abc import Collection, Sequence
from datetime import datetime

from domain.errors import InvalidPayloadError
from domain.rankings.definition import BoardDefinition


def check_season(
    new: BoardDefinition,
    *,
    fields: Collection[str],
    sealed: Sequence[tuple[datetime, datetime]],
) -> None:
    """Refuse a board's definition, in which `fields` are new, for the board's sealed seasons.

    They are given by start and end. Raises InvalidPayloadError for a new season that overlaps one
    of them, and for new rewards of one that has granted its rewards.
    """
    start, end = new.period.start, new.period.end
    if start is None or end is None:
        return
    overlapping = [span for span in sealed if span[0] < end and start < span[1]]
    if overlapping and "period" in fields:
        # The end that lies within it.
        is_start = any(span[0] <= start for span in overlapping)
        _refuse(
            "period.start" if is_start else "period.end",
            "Overlaps a season of this board that is sealed.",
        )
    if overlapping and "rewards" in fields:
        _refuse("rewards", "This season is sealed, and its rewards are granted.")


def _refuse(field: str, problem: str) -> None:
    raise InvalidPayloadError(details={"fields": {field: [problem]}})
