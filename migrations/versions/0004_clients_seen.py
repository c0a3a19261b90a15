"""When clients, and players with them, were last seen: who is not seen for long is forgotten."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("clients", "client_sightings")


def upgrade() -> None:
    for table in TABLES:
        # Rows that are there count as seen now; none is written for it.
        op.add_column(table, _moment("seen_at"))
        op.drop_column(table, "first_seen")
        # An update has room on its page, so that it makes no entry in an index.
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 90)")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
        op.add_column(table, _moment("first_seen"))
        op.drop_column(table, "seen_at")


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
