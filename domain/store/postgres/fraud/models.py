"""SQL of fraud_models: one at most is in use, in shadow or live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


class ModelState(StrEnum):
    """What a model's findings do."""

    SHADOW = "shadow"
    """They are kept and count nothing."""
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model without its text."""

    number: int
    state: ModelState
    trained_on: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One row; `text` may be of a program that is newer than this one."""

    number: int
    is_live: bool
    text: str


def find_model(connection: Connection) -> StoredModel | None:
    """Return the live model, or else the one in shadow, or None."""
    row = connection.execute(
        sql(
            "SELECT model_no, state, model FROM fraud_models WHERE state IN ('live', 'shadow')"
            " ORDER BY state LIMIT 1"
        )
    ).one_or_none()
    return StoredModel(row.model_no, row.state == "live", row.model) if row else None


_COLUMNS = "model_no, state, trained_on, created_at"


def list_models(connection: Connection) -> Sequence[ModelRow]:
    """Return every model, the newest first."""
    rows = connection.execute(
        sql(f"SELECT {_COLUMNS} FROM fraud_models ORDER BY model_no DESC")
    ).all()
    return [ModelRow(number, ModelState(state), *rest) for number, state, *rest in rows]


def insert_model(connection: Connection, *, text: str, trained_on: int) -> int:
    """Insert a retired model and return its number."""
    number: int = connection.execute(
        sql(
            "INSERT INTO fraud_models (state, model, trained_on)"
            " VALUES ('retired', :text, :trained_on) RETURNING model_no"
        ),
        {"text": text, "trained_on": trained_on},
    ).scalar_one()
    return number


def use_model(connection: Connection, *, number: int, state: ModelState) -> None:
    """Give a stored model a state, and retire the one that was in use."""
    connection.execute(
        sql(
            "UPDATE fraud_models SET state = 'retired'"
            " WHERE state <> 'retired' AND model_no <> :number"
        ),
        {"number": number},
    )
    connection.execute(
        sql("UPDATE fraud_models SET state = :state WHERE model_no = :number"),
        {"number": number, "state": state},
    )


def find_text(connection: Connection, *, number: int) -> str | None:
    """Return the text of a model; None for an unknown number."""
    return connection.execute(
        sql("SELECT model FROM fraud_models WHERE model_no = :number"), {"number": number}
    ).scalar()
