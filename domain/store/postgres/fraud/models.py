"""SQL of fraud_models, as far as screening reads them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


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
