"""Request bodies of actions, and their conversion to the NewActions that intake accepts.

Called by `web/routes/actions.py`. Loading one action costs about 15 µs; a fast path that bypasses
the schema is not worth having.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson
from marshmallow import fields, validate

from domain.actions.model import NewAction
from domain.errors import InvalidPayloadError
from web.http.caller import Principal
from web.schemas.base import InputSchema, load
from web.schemas.fields import Metadata, StrictUUID, Timestamp

MAX_SCORE = 2**31 - 1
MAX_BATCH_ACTIONS = 1000
REQUEST_HASH_BYTES = 16


class CompleteActionSchema(InputSchema):
    """One action a player has completed."""

    action_id = StrictUUID(
        required=True,
        metadata={"description": "Chosen by the client, new for every action; a retry repeats it"},
    )
    score = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(0, MAX_SCORE),
        metadata={"description": "What the action adds to the player's score"},
    )
    timestamp = Timestamp(
        required=True, metadata={"description": "When it was completed, by the client's clock"}
    )
    metadata = Metadata(
        metadata={
            "description": "Facts about the action: at most 4 KB as JSON, 50 keys of 64 characters"
            " and 8 levels; `actionType` is a string of at most 100 characters"
        }
    )


class BatchElementSchema(CompleteActionSchema):
    """One action of a batch."""

    user_id = StrictUUID(
        metadata={"description": "The player; only a token with the role `service` may name one"},
    )


class BatchSchema(InputSchema):
    """Actions, applied in their order; an invalid one fails alone."""

    actions = fields.List(
        fields.Raw(),
        required=True,
        validate=validate.Length(1, MAX_BATCH_ACTIONS),
        metadata={"element": BatchElementSchema},
    )


_complete = CompleteActionSchema()
_element = BatchElementSchema()
_batch = BatchSchema()


def read_action(body: Mapping[str, Any], principal: Principal, request_id: str) -> NewAction:
    """Return the action in a request's body, for the token's own player.

    Raises InvalidPayloadError naming each bad field.
    """
    return _make_action(load(_complete, body), principal, request_id)


def read_batch(body: Mapping[str, Any]) -> list[Any]:
    """Return the elements of a batch, not yet validated; raises InvalidPayloadError."""
    elements: list[Any] = load(_batch, body)["actions"]
    return elements


def read_batch_element(element: object, principal: Principal, request_id: str) -> NewAction:
    """Return one action of a batch; raises InvalidPayloadError naming each bad field."""
    if type(element) is not dict:
        raise InvalidPayloadError("Each action must be a JSON object")
    schema = _element if principal.is_service else _complete
    return _make_action(load(schema, element), principal, request_id)


def _make_action(loaded: Mapping[str, Any], principal: Principal, request_id: str) -> NewAction:
    metadata = loaded.get("metadata")
    text = b"" if metadata is None else orjson.dumps(metadata, option=orjson.OPT_SORT_KEYS)
    own = loaded.get("user_id", principal.user_id) == principal.user_id
    return NewAction(
        action_id=loaded["action_id"],
        user_id=loaded.get("user_id", principal.user_id),
        username=principal.username if own else None,
        score=loaded["score"],
        action_type=None if metadata is None else metadata.get("actionType"),
        timestamp=loaded["timestamp"],
        metadata=None if metadata is None else text.decode(),
        request_hash=_hash_request(loaded["score"], text),
        request_id=request_id,
    )


def _hash_request(score: int, metadata_text: bytes) -> bytes:
    """Return a digest that two requests share exactly when score and metadata are equal."""
    return blake2b(b"%d\n%b" % (score, metadata_text), digest_size=REQUEST_HASH_BYTES).digest()
