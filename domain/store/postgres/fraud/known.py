"""SQL of what screening knows of everybody: the baselines of action types, and the model."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One row; `text` may be of a program that is newer than this one."""

    number: int
    is_live: bool
    text: str


def list_baselines(connection: Connection) -> Sequence[tuple[str, object]]:
    """Return every baseline as JSON, with its action type."""
    rows = connection.execute(sql("SELECT action_type, baseline FROM fraud_baselines"))
    return [(row.action_type, row.baseline) for row in rows]


def find_model(connection: Connection) -> StoredModel | None:
    """Return the live model, or else the one in shadow, or None."""
    row = connection.execute(
        sql(
            "SELECT model_no, state, model FROM fraud_models WHERE state IN ('live', 'shadow')"
            " ORDER BY state LIMIT 1"
        )
    ).one_or_none()
    return StoredModel(row.model_no, row.state == "live", row.model) if row else None
