"""The regular shape of an action, which nearly all have, read without marshmallow's engine.

Called by `web/schemas/actions.py`. It calls the checks that the schema's fields call, and never
refuses: what it does not take, the schema judges, and names what is wrong with it.
"""

from collections.abc import Mapping
from typing import Any

from web.http.scalars import parse_timestamp, parse_uuid
from web.schemas.fields import MAX_SCORE, RESERVED_IDS, dump_metadata, find_metadata_problem


def load_regular(body: Mapping[str, Any], *, names_player: bool = False) -> dict[str, Any] | None:
    """Return the action as its schema loads it, or None if it has not the regular shape.

    Regular is an action with id, score and timestamp, perhaps with metadata and, where it
    `names_player`, with a player, and with nothing else.
    """
    action_id = parse_uuid(body.get("actionId"))
    completed_at = parse_timestamp(body.get("timestamp"))
    score = body.get("score")
    if action_id is None or completed_at is None or action_id in RESERVED_IDS:
        return None
    if type(score) is not int or not 0 <= score <= MAX_SCORE:
        return None
    loaded = {"action_id": action_id, "score": score, "timestamp": completed_at}
    metadata = body.get("metadata")
    if type(metadata) is dict and not find_metadata_problem(metadata, dump_metadata(metadata)):
        loaded["metadata"] = metadata
    if names_player and (user_id := parse_uuid(body.get("userId"))) is not None:
        loaded["user_id"] = user_id
    # A field that is bad or not known is in the body only.
    return loaded if len(loaded) == len(body) else None
