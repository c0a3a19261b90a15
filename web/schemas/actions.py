"""Request bodies of actions, and their conversion to the NewActions that intake accepts.

Called by `web/routes/actions.py`. An action of the regular shape is read without marshmallow, whose
engine costs ten times the fields' own checks; everything else the schema judges.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from marshmallow import fields, validate

from domain.actions.model import NewAction
from domain.errors import InvalidPayloadError
from web.http.caller import Principal
from web.http.scalars import parse_uuid
from web.schemas.base import InputSchema, load
from web.schemas.fields import (
    MAX_SCORE,
    ActionId,
    Metadata,
    StrictUUID,
    Timestamp,
    dump_metadata,
)
from web.schemas.regular import load_regular

MAX_BATCH_ACTIONS = 1000
REQUEST_HASH_BYTES = 16
# Values that have one form as JSON, whoever writes them.
_ONE_FORM = frozenset({str, int, bool, type(None)})


class CompleteActionSchema(InputSchema):
    """One action a player has completed."""

    action_id = ActionId(
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
            " and 8 levels, names and `actionType` (at most 100 characters) without control,"
            " bidirectional and invisible characters; `duration` is a number from 0; `sessionId` is"
            " the play session"
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
        # Any value: what is no object fails alone, in `read_batch_element`.
        fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(1, MAX_BATCH_ACTIONS),
        metadata={"element": BatchElementSchema},
    )


_complete = CompleteActionSchema()
_element = BatchElementSchema()
_batch = BatchSchema()


def read_action(
    body: Mapping[str, Any], principal: Principal, request_id: str, *, needs_session: bool = False
) -> NewAction:
    """Return the action in a request's body, for the token's own player.

    Raises InvalidPayloadError naming each bad field; one that `needs_session` must name one.
    """
    loaded = load_regular(body) or load(_complete, body)
    if needs_session:
        _require_session(loaded)
    return _make_action(loaded, principal, request_id)


def read_batch(body: Mapping[str, Any]) -> list[Any]:
    """Return the elements of a batch, not yet validated; raises InvalidPayloadError."""
    elements = body.get("actions")
    if type(elements) is list and len(body) == 1 and 0 < len(elements) <= MAX_BATCH_ACTIONS:
        # What the schema accepts; its engine would look at each element.
        return elements
    loaded: list[Any] = load(_batch, body)["actions"]
    return loaded


def read_batch_element(
    element: object, principal: Principal, request_id: str, *, needs_session: bool = False
) -> NewAction:
    """Return one action of a batch; raises InvalidPayloadError as `read_action` does."""
    if type(element) is not dict:
        raise InvalidPayloadError("Each action must be a JSON object")
    names_player = principal.is_service
    loaded = load_regular(element, names_player=names_player)
    if loaded is None:
        loaded = load(_element if names_player else _complete, element)
    if needs_session:
        _require_session(loaded)
    return _make_action(loaded, principal, request_id)


def _require_session(loaded: Mapping[str, Any]) -> None:
    """Raise InvalidPayloadError unless the action names a play session, whichever one."""
    if parse_uuid((loaded.get("metadata") or {}).get("sessionId")) is None:
        problem = "sessionId must be the UUID of a play session."
        raise InvalidPayloadError(details={"fields": {"metadata": [problem]}})


def _make_action(loaded: Mapping[str, Any], principal: Principal, request_id: str) -> NewAction:
    metadata, score = loaded.get("metadata"), loaded["score"]
    text = None if metadata is None else dump_metadata(metadata)
    user_id = loaded.get("user_id", principal.user_id)
    # By position: by name costs a tenth of reading an action.
    return NewAction(
        loaded["action_id"],
        user_id,
        principal.username if user_id == principal.user_id else None,
        score,
        None if metadata is None else metadata.get("actionType"),
        loaded["timestamp"],
        None if text is None else text.decode(),
        _hash_request(score, metadata or {}, text or b""),
        request_id,
    )


def _hash_request(score: int, metadata: Mapping[str, Any], text: bytes) -> bytes:
    """Return a digest that two requests share exactly when score and metadata are equal.

    However they are written: `1.0` and `1e0` are 1, and no metadata is the same as `{}`. `text` is
    the metadata's own JSON.
    """
    if not metadata:
        text = b""
    elif not _ONE_FORM.issuperset(map(type, metadata.values())):
        text = dump_metadata(_canonical(metadata))
    return blake2b(b"%d\n%b" % (score, text), digest_size=REQUEST_HASH_BYTES).digest()


def _canonical(value: Any) -> Any:
    """Return the JSON value with every whole number as an integer; its depth is bounded."""
    kind = type(value)
    if kind is float and value.is_integer():
        return int(value)
    if kind is dict:
        return {name: _canonical(item) for name, item in value.items()}
    if kind is list:
        return [_canonical(item) for item in value]
    return value
