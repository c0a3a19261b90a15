"""Models of what is usual: stored by training, put in use and retired while everything runs.

Called by the operators' `flask fraud` commands. Every process follows with its next batch.
"""

from collections.abc import Sequence

from domain.errors import InvalidPayloadError, NotFoundError
from domain.fraud.anomaly.model import Model
from domain.moderation.acts import record_act
from domain.moderation.model import ActKind
from domain.store.postgres.fraud import models as stored_models
from domain.store.postgres.fraud.models import ModelRow, ModelState
from domain.store.postgres.fraud.policies import raise_revision
from domain.store.store import Connection, Store


def list_models(store: Store) -> Sequence[ModelRow]:
    """Return every model, the newest first. Raises DatabaseUnavailableError."""
    with store.write() as connection:
        return stored_models.list_models(connection)


def store_model(store: Store, *, model: Model, by: str, reason: str) -> int:
    """Store a model in shadow, in place of the one in use, and return its number.

    Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        number = stored_models.insert_model(
            connection, text=model.to_json(), trained_on=model.trained_on
        )
        _use(connection, number, ModelState.SHADOW, by, reason)
    return number


def use_model(store: Store, *, number: int, state: ModelState, by: str, reason: str) -> None:
    """Let a model's findings count, be kept only, or not be made any more.

    Raises NotFoundError, InvalidPayloadError for a model that this version of the program does not
    read, and DatabaseUnavailableError; nothing is changed then.
    """
    with store.write() as connection:
        text = stored_models.find_text(connection, number=number)
        if text is None:
            raise NotFoundError("There is no such model")
        if state is not ModelState.RETIRED:
            _require_readable(text)
        _use(connection, number, state, by, reason)


def _require_readable(text: str) -> None:
    try:
        Model.from_json(text, is_live=False)
    except ValueError as error:
        raise InvalidPayloadError(f"The model cannot be read: {error}") from None


def _use(connection: Connection, number: int, state: ModelState, by: str, reason: str) -> None:
    raise_revision(connection)
    stored_models.use_model(connection, number=number, state=state)
    record_act(
        connection,
        kind=ActKind.MODEL,
        by=by,
        user_id=None,
        reason=reason,
        details={"model": number, "state": state},
    )
