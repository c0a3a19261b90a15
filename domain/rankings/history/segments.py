"""Which segment of a board a history is of; pure."""

from domain.errors import InvalidPayloadError
from domain.rankings.counting import BoardRule
from domain.rankings.model import PlayerFacts


def choose_segment(rule: BoardRule, segment: str | None, facts: PlayerFacts) -> str | None:
    """Return the segment to look into: None when the player is in none.

    Raises InvalidPayloadError for one that is missing or does not belong to the board.
    """
    split = rule.definition.segment
    if split is not None and split.path is not None:
        if not segment:
            raise InvalidPayloadError(
                details={"fields": {"segment": ["The board is split by metadata: name a segment."]}}
            )
        return segment
    if segment:
        raise InvalidPayloadError(
            details={"fields": {"segment": ["The board is not split by metadata."]}}
        )
    return "" if split is None else facts.attributes.get(split.attribute or "")
