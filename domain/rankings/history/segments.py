"""Which segment of a board a history is of; pure."""

from domain.errors import InvalidPayloadError
from domain.rankings.belonging import last_value
from domain.rankings.definition import BoardDefinition
from domain.rankings.model import Period, PlayerFacts


def check_segment(definition: BoardDefinition, segment: str | None) -> None:
    """Raise InvalidPayloadError for a segment that is missing, or does not belong to the board."""
    is_named = definition.segment is not None and definition.segment.path is not None
    if is_named and not segment:
        problem = "The board is split by metadata: name a segment."
    elif segment and not is_named:
        problem = "The board is not split by metadata."
    else:
        return
    raise InvalidPayloadError(details={"fields": {"segment": [problem]}})


def segment_of(
    definition: BoardDefinition, segment: str | None, player: PlayerFacts, period: Period
) -> str | None:
    """Return the segment to look into; None when the player had no such attribute.

    Where the board is split by one it is that in which the player was last before the period ended.
    """
    split = definition.segment
    if split is None:
        return ""
    if split.attribute is None:
        return segment
    changes = player.history.get(split.attribute)
    if changes is None:
        return player.attributes.get(split.attribute)
    return last_value(changes, period.end)
